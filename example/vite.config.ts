import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// The port is the one in CORS_API_ORIGINS of .env.example.
export default defineConfig({
  plugins: [react()],
  server: { port: 5173, strictPort: true },
  preview: { port: 5173, strictPort: true }
})
