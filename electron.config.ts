/**
 * Builds and packages the Electron shell.
 *
 * The default export builds main process and preload. `src/terminal/shell-electron/build.ts` calls it; by hand:
 * `npx electron-vite build -c electron.config.ts`. The renderer is src/terminal/ui, built by its own Vite configuration
 * into out/ui: the same files for both shells.
 *
 * `packaging` is electron-builder's configuration; `npm run package` (tools/package.ts) calls it.
 */
import { fileURLToPath } from 'node:url'
import type { Configuration } from 'electron-builder'
import { defineConfig } from 'electron-vite'
import { writeFusesAfterPack } from './tools/package/fuses.ts'

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

/** What stands behind a package; whoever publishes packages of their own names themselves here. */
const maintainer = { name: 'Tölem maintainers <maintainers@tolem.example>', homepage: 'https://tolem.example/' }

export const packaging: Configuration = {
  appId: 'kz.tolem.till',
  // A name of files and folders: plain letters. People read "Tölem".
  productName: 'Tolem',
  copyright: 'Apache-2.0',
  extraMetadata: { homepage: maintainer.homepage },
  directories: { app: 'out/package/app', buildResources: 'out/package/resources', output: 'dist' },
  // tools/package/stage.ts lays out what belongs there; no npm package is found or rebuilt on the way.
  beforeBuild: () => Promise.resolve(false),
  files: ['**/*', { from: 'node_modules', to: 'node_modules', filter: ['**/*'] }],
  asar: true,
  // A native module is opened by the system, a typeface by a native module: neither can look into app.asar.
  asarUnpack: ['node_modules/**/*.node', 'node_modules/@expo-google-fonts/**/*'],
  afterPack: writeFusesAfterPack,
  publish: null,
  linux: {
    target: ['deb', 'AppImage'],
    executableName: 'tolem',
    // Unless told otherwise, electron-builder starts an AppImage without Chromium's sandbox.
    executableArgs: [],
    icon: 'icon.png',
    category: 'Office',
    maintainer: maintainer.name,
    vendor: 'Tölem',
    synopsis: 'Till for the Digital Tenge and its voucher schemes',
    desktop: {
      entry: {
        Name: 'Tölem',
        'Name[kk]': 'Төлем',
        'Name[ru]': 'Tölem',
        Comment: 'Till for the Digital Tenge and its voucher schemes',
        'Comment[kk]': 'Цифрлық теңге мен ваучерлік бағдарламаларға арналған касса',
        'Comment[ru]': 'Касса для цифрового тенге и ваучерных программ',
        StartupWMClass: 'tolem',
      },
    },
  },
  deb: {
    // Electron's own needs, and the library of the PC/SC service; the service itself only where a reader is.
    depends: [
      'libgtk-3-0',
      'libnotify4',
      'libnss3',
      'libxss1',
      'libxtst6',
      'xdg-utils',
      'libatspi2.0-0',
      'libuuid1',
      'libsecret-1-0',
      'libpcsclite1',
    ],
    recommends: ['pcscd'],
  },
  win: { target: ['nsis'], icon: 'icon.png', executableName: 'tolem' },
  nsis: {
    oneClick: false,
    perMachine: true,
    allowToChangeInstallationDirectory: false,
    // Journal and keys outlive the program: unsynced sales are not thrown away with it.
    deleteAppDataOnUninstall: false,
    // NSIS has no Kazakh; the installer's own words come in these.
    installerLanguages: ['en_US', 'ru_RU'],
  },
}
