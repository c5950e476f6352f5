import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// `npm run dev` serves the page over a mock hub; UNS_HUB=http://127.0.0.1:8080 uses a real one.
const hub = process.env.UNS_HUB;

const mock: Plugin = {
  name: "mock-hub",
  apply: "serve",
  async configureServer(server) {
    if (hub !== undefined || process.env.VITEST !== undefined) return;
    const { serveMock } = await server.ssrLoadModule("/mock/serve.ts");
    serveMock(server);
  },
};

const target = { target: hub ?? "", ws: true, changeOrigin: true };

export default defineConfig({
  plugins: [react(), mock],
  server: {
    host: "127.0.0.1",
    proxy: hub === undefined ? {} : { "/api": target, "/metrics": target },
  },
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  test: { include: ["src/**/*.test.ts", "mock/**/*.test.ts"], environment: "node" },
});
