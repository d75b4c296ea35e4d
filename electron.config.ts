/**
 * Builds the Electron shell: main process and preload. `src/terminal/shell-electron/build.ts` calls it; by hand:
 * `npx electron-vite build -c electron.config.ts`. The renderer is src/terminal/ui, built by its own Vite configuration
 * into out/ui: the same files for both shells.
 */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'electron-vite'

const path = (fromHere: string): string => fileURLToPath(new URL(fromHere, import.meta.url))

export default defineConfig({
  main: {
    build: {
      outDir: path('./out/electron/main'),
      target: 'node24',
      minify: false,
      rollupOptions: { input: path('./src/terminal/shell-electron/main.ts'), output: { format: 'es' } },
    },
  },
  preload: {
    build: {
      outDir: path('./out/electron/preload'),
      target: 'node24',
      minify: true,
      // A sandboxed preload can load no package: everything is in the one file, which must be CommonJS.
      externalizeDeps: false,
      rollupOptions: {
        input: path('./src/terminal/shell-electron/preload.ts'),
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
})
