// The bodies by short names, values with their exact numbers.

import type { Exact } from "./exact";
import type { components } from "./generated";

type Schemas = components["schemas"];

/** A value as the page holds it. */
export type Value =
  | null
  | boolean
  | string
  | number
  | Exact
  | readonly Value[]
  | { readonly [key: string]: Value };

export type Quality = NonNullable<Schemas["TreeNode"]["quality"]>;

type Vqt = { value: Value; quality: Quality; timestamp: string };
type Valued<Body> = Omit<Body, keyof Vqt> & Vqt;
type MaybeValued<Body> = Omit<Body, keyof Vqt> & Partial<Vqt>;

/** What a hub may say of a value beside it. */
type Said = {
  readonly unit?: string | undefined;
  /** The document that came last has this field no more. */
  readonly superseded?: boolean | undefined;
  readonly readsAs?: Value | undefined;
};
export type Sample = Valued<Omit<Schemas["Sample"], keyof Said>> & Said;
export type TreeNode = MaybeValued<Schemas["TreeNode"]>;
export type SearchHit = MaybeValued<Schemas["SearchHit"]>;
export type HistorySample = Valued<Schemas["HistorySample"]>;
export type Tree = Omit<Schemas["Tree"], "children"> & { children: TreeNode[] };
export type Current = Omit<Schemas["Current"], "values"> & { values: Sample[] };
export type History = Omit<Schemas["History"], "samples"> & { samples: HistorySample[] };
export type SearchResults = Omit<Schemas["SearchResults"], "results"> & { results: SearchHit[] };
export type Problem = Schemas["Problem"];

export type ClientMessage = Schemas["ClientMessage"];
type FromHub = Schemas["ServerMessage"];
type Data = Extract<FromHub, { op: "data" }>;
export type ServerMessage =
  | Exclude<FromHub, { op: "data" }>
  | (Omit<Data, "samples"> & { samples: Sample[] });
