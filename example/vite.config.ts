import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// The port that .env.example lists in CORS_API_ORIGINS.
export default defineConfig({
  plugins: [react()],
  server: { port: 5173, strictPort: true },
  preview: { port: 5173, strictPort: true }
})
