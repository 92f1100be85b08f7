import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { VitePWA } from 'vite-plugin-pwa';
import { defineConfig } from 'vitest/config';

/** Where `pnpm dev` finds a running platform (`make run`); `MOCK=1` needs none. */
const platform = process.env.CITYPULSE_URL ?? 'http://127.0.0.1:8000';
const proxied = ['/api', '/ws', '/basemaps', '/flower', '/config.json', '/health'];

export default defineConfig({
  plugins: [
    react(),
    tailwind(),
    VitePWA({
      registerType: 'prompt',
      includeAssets: ['icon.svg'],
      manifest: {
        name: 'CityPulse',
        short_name: 'CityPulse',
        description: 'What is happening in the city right now.',
        start_url: '/',
        display: 'standalone',
        background_color: '#f4f6f8',
        theme_color: '#0b5cad',
        icons: [
          { src: '/icon-192.png', sizes: '192x192', type: 'image/png' },
          { src: '/icon-512.png', sizes: '512x512', type: 'image/png', purpose: 'any maskable' },
          { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' },
        ],
      },
      workbox: {
        // The shell only: no data, nobody's data.
        globPatterns: ['**/*.{js,mjs,css,html,svg}', 'icon-192.png'],
        maximumFileSizeToCacheInBytes: 3_000_000,
        navigateFallback: '/index.html',
        navigateFallbackAllowlist: [
          /^\/$/,
          /^\/(report|reports|login|register|verify|reset|email|account|admin|staff|status|mailbox)\b/,
        ],
        navigateFallbackDenylist: [/^\/(api|ws|basemaps|flower|config\.json)/],
        cleanupOutdatedCaches: true,
      },
    }),
    // A stand-in for the platform; not part of what is shipped.
    process.env.MOCK ? import('./dev/mock.ts').then(({ mock }) => mock()) : null,
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 1_200,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: { groups: [{ name: 'pmtiles', test: /node_modules\/(pmtiles|fflate)\// }] },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    port: 5173,
    ...(process.env.MOCK
      ? {}
      : {
          proxy: Object.fromEntries(proxied.map((p) => [p, { target: platform, ws: p === '/ws' }])),
        }),
  },
  preview: { host: '127.0.0.1', port: 4173 },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}', 'tests/**/*.test.ts'],
    setupFiles: ['tests/setup.ts'],
    restoreMocks: true,
  },
});
