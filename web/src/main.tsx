// Starts the page.

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "uplot/dist/uPlot.min.css";
import { paths } from "./api/paths";
import { HubProvider } from "./hub-context";
import { Channel } from "./live/channel";
import { Explorer } from "./pages/explorer";
import "./styles/theme.css";
import "./styles/page.css";
import "./styles/detail.css";
import "./styles/tables.css";
import { startTheme } from "./ui/theme";
import { ValueStore } from "./values/store";

startTheme();

const channel = new Channel(paths.live(location));
channel.start();
const hub = { channel, values: new ValueStore() };

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has an element with the id root");
createRoot(root).render(
  <StrictMode>
    <HubProvider value={hub}>
      <Explorer />
    </HubProvider>
  </StrictMode>,
);
