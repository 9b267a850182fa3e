import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

// The daemon that `npm run dev` talks to.
const daemon = process.env.DOMOVOI_ADDRESS ?? 'http://127.0.0.1:7411'

export default defineConfig({
	base: '/console/',
	plugins: [svelte()],
	build: {
		target: ['chrome123', 'firefox128', 'safari17.5'],
		modulePreload: { polyfill: false },
		// What stands inside a page or a style sheet would need an exception in the
		// Content-Security-Policy.
		assetsInlineLimit: 0,
		reportCompressedSize: false,
		chunkSizeWarningLimit: 900,
	},
	server: {
		proxy: Object.fromEntries(['/slnet', '/login', '/logout'].map((path) => [path, { target: daemon }])),
	},
	test: { include: ['src/**/*.test.ts'] },
})
