import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Libraries change seldom and our screens often: apart, a new version costs a returning phone only the small part. */
const libraryChunks = [
  { name: 'react', test: /node_modules[\\/](react|react-dom|scheduler|react-router)[\\/]/ },
  { name: 'charts', test: /node_modules[\\/](echarts|zrender)[\\/]/ },
  { name: 'live', test: /node_modules[\\/](socket\.io|engine\.io|@socket\.io|@tanstack)/ },
];

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2022',
    // Charts come after the first numbers, in a chunk of their own.
    chunkSizeWarningLimit: 600,
    // A data: URL would need a looser content security policy than 'self'.
    assetsInlineLimit: 0,
    rolldownOptions: { output: { codeSplitting: { groups: libraryChunks } } },
  },
});
