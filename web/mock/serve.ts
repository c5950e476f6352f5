// Serves the mock hub beside the page while it is developed.

import type { ViteDevServer } from "vite";
import { WebSocketServer } from "ws";
import type { ClientMessage } from "../src/api/types";
import { answer } from "./answers";
import { live } from "./live";
import { plant, step, World } from "./world";

export function serveMock(server: ViteDevServer): void {
  // MOCK_EMPTY=1 shows a hub without data.
  const empty = process.env.MOCK_EMPTY !== undefined;
  const world = empty ? new World() : plant(Date.now());
  if (!empty) setInterval(() => step(world, Date.now()), 1_000).unref();
  server.middlewares.use((request, response, next) => {
    const url = new URL(request.url ?? "/", "http://mock");
    const isFigures = url.pathname === "/metrics";
    const body = isFigures ? `uns_nodes ${world.tags.size}\n` : answer(world, url);
    if (body === undefined) return next();
    response.setHeader("Content-Type", isFigures ? "text/plain" : "application/json");
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.httpServer?.on("upgrade", (request, socket, head) => {
    if (request.url !== "/api/v1/ws") return;
    sockets.handleUpgrade(request, socket, head, (client) => {
      const session = live(world, (message) => client.send(JSON.stringify(message)));
      client.on("message", (text) => session.say(JSON.parse(String(text)) as ClientMessage));
      client.on("close", () => session.end());
    });
  });
}
