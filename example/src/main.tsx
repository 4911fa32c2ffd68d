import '@fontsource-variable/inter/wght.css'
import './ui/base.css'
import './ui/layout.css'
import './ui/components.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>
)
