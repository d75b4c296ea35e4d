/**
 * Builds the till's window into out/ui, and with `--mode gallery` the pictures' window into out/gallery (never
 * shipped). Addresses are relative, so that both shells can serve it from where they like.
 */
import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig(({ mode }) => {
  const gallery = mode === 'gallery'
  return {
    root: folder(gallery ? './gallery/' : './'),
    base: './',
    plugins: [react()],
    build: {
      outDir: folder(gallery ? '../../../out/gallery' : '../../../out/ui'),
      emptyOutDir: true,
      target: 'chrome120',
      // A strict content security policy allows neither inline scripts nor data: fonts.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 1_500,
    },
  }
})
