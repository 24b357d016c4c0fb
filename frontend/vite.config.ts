import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// One ES module, its style sheet inside it, nothing loaded from elsewhere; two builds give the same bytes.
// Not Vite's library mode, which leaves the white space in ES modules.
export default defineConfig({
  plugins: [svelte()],
  build: {
    target: "es2022",
    outDir: "../src/backlit/lab/built",
    emptyOutDir: true,
    modulePreload: false,
    reportCompressedSize: false,
    rollupOptions: {
      input: "src/main.ts",
      preserveEntrySignatures: "strict",
      output: { format: "es", entryFileNames: "lab.js", inlineDynamicImports: true },
    },
  },
});
