// @generated from openapi.json by `npm run generate`. Do not edit.

export interface paths {
    "/api/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document. */
        get: operations["document"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/uns/current": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The last values of every topic a filter matches. */
        get: operations["getCurrent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/uns/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Samples of one topic in time order, or one aggregate per bucket. */
        get: operations["getHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/uns/nodes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes a node and everything below it, with `purge` its history too. */
        delete: operations["deleteNodes"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/uns/publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Publishes one item or an array of them, with the checks an MQTT client passes. */
        post: operations["publish"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/uns/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Nodes whose topic contains every word. */
        get: operations["getSearch"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/uns/tree": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What lies below a path, level by level. */
        get: operations["getTree"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ws": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Opens the live channel: text frames, one JSON message each. A client sends `ClientMessage`, the
         *     hub answers with `ServerMessage`. Close code 4008: the client took nothing for 30 s.
         */
        get: operations["openLiveChannel"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process lives, whatever the Host header says. */
        get: operations["alive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every counter and gauge as Prometheus text. */
        get: operations["scrape"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the hub should get work: 503 names what is wrong. */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description What a subscription listens to.
         * @enum {string}
         */
        Channel: "topic";
        /** @description What a client says. */
        ClientMessage: {
            /** @description What kind of thing it listens to. */
            channel?: components["schemas"]["Channel"];
            /** @description The MQTT filter. */
            filter: string;
            /**
             * Format: int64
             * @description Everything after this sequence; without it, from now on.
             */
            from?: number | null;
            /**
             * Format: int64
             * @description The client's own name for it.
             */
            id: number;
            /** @description Every sample, or the newest of each topic. */
            mode?: components["schemas"]["Mode"];
            /** @enum {string} */
            op: "subscribe";
        } | {
            /**
             * Format: int64
             * @description Which.
             */
            id: number;
            /** @enum {string} */
            op: "unsubscribe";
        };
        /** @description Answer of `GET current`. */
        Current: {
            /** @description Where the next page starts. */
            next?: string | null;
            /**
             * Format: int64
             * @description The place in the log the values are as of: `subscribe` from here misses nothing (NS-39).
             */
            sequence: number;
            /** @description The values, by topic and field. */
            values: components["schemas"]["Sample"][];
        };
        /** @description Answer of `DELETE nodes`. */
        Deleted: {
            /**
             * Format: int64
             * @description How many nodes are gone.
             */
            deleted: number;
        };
        /** @description Answer of `GET history`. */
        History: {
            /** @description The field asked for. */
            field?: string | null;
            /** @description Stretches of the log that could not be read, so that absence is told from silence. */
            gaps?: components["schemas"]["HistoryGap"][];
            /** @description Where the next page starts. */
            next?: string | null;
            /** @description The samples, by time. */
            samples: components["schemas"]["HistorySample"][];
            /** @description The topic asked for. */
            topic: string;
        };
        /** @description A stretch of the log that history does not cover. */
        HistoryGap: {
            /**
             * Format: int64
             * @description The last sequence before it.
             */
            after: number;
            /** @description Why: `retention` or `damage`. */
            reason: string;
            /**
             * Format: int64
             * @description The last sequence inside it.
             */
            until: number;
        };
        /** @description One row of a [`History`]. */
        HistorySample: {
            /** @description Its quality. */
            quality: components["schemas"]["Quality"];
            /** @description Source time, or the start of the bucket. */
            timestamp: components["schemas"]["Timestamp"];
            /** @description The value, or the aggregate. */
            value: components["schemas"]["Value"];
        };
        /**
         * @description What a reader who cannot keep up gets.
         * @enum {string}
         */
        Mode: "every" | "latest";
        /** @description `application/problem+json`. */
        Problem: {
            /** @description What is wrong with this request. */
            detail: string;
            /** @description The stable name of the reason, for programs. */
            reason: string;
            /** @description The request in our log. */
            requestId: string;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description The reason in words. */
            title: string;
            /** @description A URN made of the reason; two problems of one type have one cause. */
            type: string;
        };
        /**
         * @description One thing to publish. At most one of the three payloads is given; none means an empty payload,
         *     which with `retain` clears the retained copy.
         */
        PublishItem: {
            /**
             * @description Any JSON value, published as its JSON text, byte for byte: `23.0` stays `23.0`, and a
             *     string keeps its quotes.
             */
            payload?: unknown;
            /** @description Bytes in base64. */
            payloadBase64?: string | null;
            /** @description Text, published as it is. */
            payloadText?: string | null;
            /**
             * Format: int32
             * @description 0, 1 or 2; the answer waits for durability from 1 on.
             * @default 1
             */
            qos: number;
            /** @description Whether the broker keeps it for later subscribers. */
            retain?: boolean;
            /** @description The topic. */
            topic: string;
        };
        /** @description Answer of `POST publish`. */
        PublishReport: {
            /** @description One per item, in order. */
            results: components["schemas"]["PublishResult"][];
        };
        PublishRequest: components["schemas"]["PublishItem"] | components["schemas"]["PublishItem"][];
        /** @description What became of one item. */
        PublishResult: {
            /** @description Whether it is in the log. */
            accepted: boolean;
            /** @description The reason in words. */
            detail?: string | null;
            /** @description The stable name of the reason it was refused for. */
            reason?: string | null;
            /**
             * Format: int64
             * @description Where in the log, if it was waited for.
             */
            sequence?: number | null;
            /** @description The topic of the item. */
            topic: string;
        };
        /** @enum {string} */
        Quality: "Good" | "Uncertain" | "Bad" | "GoodNoData";
        /** @description Whether the hub should get work, and if not, why. */
        Readiness: {
            /** @description What is wrong; empty when ready. */
            faults: components["schemas"]["ReadinessFault"][];
            /** @description `ready` or `degraded`. */
            status: string;
        };
        /** @description One thing that is wrong. */
        ReadinessFault: {
            /** @description What was checked. */
            check: string;
            /** @description For a person. */
            detail: string;
            /** @description Stable name of the finding. */
            reason: string;
        };
        /** @description One sample of one topic, in answers of `current` and on the live channel. */
        Sample: {
            /** @description The field of its document, if it is one's. */
            field?: string | null;
            /** @description Its quality. */
            quality: components["schemas"]["Quality"];
            /**
             * Format: int64
             * @description Its place in the log.
             */
            sequence: number;
            /** @description Source time, or ingest time where there is none. */
            timestamp: components["schemas"]["Timestamp"];
            /** @description The topic. */
            topic: string;
            /** @description The value. */
            value: components["schemas"]["Value"];
        };
        /** @description One node found. */
        SearchHit: {
            /** @description Its last segment. */
            name: string;
            /** @description Its whole topic. */
            path: string;
            /** @description Its quality. */
            quality?: components["schemas"]["Quality"];
            /** @description Its time. */
            timestamp?: components["schemas"]["Timestamp"];
            /** @description The last value, if it has one. */
            value?: components["schemas"]["Value"];
        };
        /** @description Answer of `GET search`. */
        SearchResults: {
            /** @description What was found, best first. */
            results: components["schemas"]["SearchHit"][];
        };
        /** @description What the hub says. */
        ServerMessage: {
            /**
             * Format: int64
             * @description The subscription.
             */
            id: number;
            /** @enum {string} */
            op: "data";
            /** @description The samples. */
            samples: components["schemas"]["Sample"][];
            /**
             * Format: int64
             * @description Where to resume after this message.
             */
            sequence: number;
            /**
             * Format: int64
             * @description How many samples a `latest` subscription left out before these.
             */
            skipped?: number | null;
        } | {
            /**
             * Format: int64
             * @description The subscription.
             */
            id: number;
            /** @enum {string} */
            op: "subscribed";
            /**
             * Format: int64
             * @description Everything after this follows.
             */
            sequence: number;
        } | {
            /**
             * Format: int64
             * @description The last sequence before the gap.
             */
            after: number;
            /**
             * Format: int64
             * @description The subscription.
             */
            id: number;
            /** @enum {string} */
            op: "gap";
            /**
             * Format: int64
             * @description The last sequence inside it.
             */
            until: number;
        } | {
            /** @description The reason in words. */
            detail: string;
            /**
             * Format: int64
             * @description The subscription, if it concerns one.
             */
            id?: number | null;
            /** @enum {string} */
            op: "error";
            /** @description The stable name of the reason. */
            reason: string;
        };
        /** Format: date-time */
        Timestamp: string;
        /** @description Answer of `GET tree`. */
        Tree: {
            /** @description What lies below it, by name. */
            children: components["schemas"]["TreeNode"][];
            /** @description Where the next page starts. */
            next?: string | null;
            /** @description The path asked for. */
            path: string;
        };
        /** @description One child in a [`Tree`]. */
        TreeNode: {
            /**
             * Format: int64
             * @description How many children it has itself.
             */
            children: number;
            /** @description Whether it has a value of its own. */
            leaf: boolean;
            /** @description Its last segment. */
            name: string;
            /** @description Its whole topic. */
            path: string;
            /** @description Its quality. */
            quality?: components["schemas"]["Quality"];
            /** @description Its time. */
            timestamp?: components["schemas"]["Timestamp"];
            /** @description The last value, if it has one. */
            value?: components["schemas"]["Value"];
        };
        /** @description The published value, null when quality is Bad or GoodNoData. Integers past 2^53-1 are decimal strings, bytes base64. */
        Value: number | boolean | string | Record<string, never> | unknown[] | null;
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    document: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    getCurrent: {
        parameters: {
            query?: {
                /**
                 * @description MQTT filter with `*` for `+` and `**` for `#`; everything by default
                 * @example uns/v1/acme/**
                 */
                filter?: string;
                /** @description `next` of the page before */
                after?: string;
                /** @description 1 to 1000, 100 by default */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of values, empty if nothing matches */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Current"];
                };
            };
            /** @description Refused */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, too slow, stopping or failed */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHistory: {
        parameters: {
            query: {
                /** @description The node. `uns/v1/` may be left out */
                topic: string;
                /** @description A JSON field, as in `motor.temp` */
                field?: string;
                /** @description RFC 3339, epoch or `-1h`; an hour before `end` by default */
                start?: string;
                /** @description RFC 3339, epoch or `-1h`, not included; now by default */
                end?: string;
                /** @description avg, min, max, sum, count, first or last; needs `bucket` */
                aggregate?: string;
                /** @description Width such as `1m`, `1h`, `1d`, aligned to 1970 UTC */
                bucket?: string;
                /** @description 1 to 100000, 1000 by default */
                limit?: number;
                /** @description `next` of the page before */
                after?: string;
                /** @description json or csv; overrides `Accept` */
                format?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page; for CSV the next one is named by a `Link` header */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["History"];
                    "text/csv": string;
                };
            };
            /** @description `node_unknown` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Refused */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, too slow, stopping or failed */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteNodes: {
        parameters: {
            query: {
                /** @description The node or subtree. `uns/v1/` may be left out */
                path: string;
                /** @description Remove the history too, for ever */
                purge?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Removed, durable */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
            /** @description Refused */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, too slow, stopping or failed */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    publish: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PublishRequest"];
            };
        };
        responses: {
            /** @description Every item is durable */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublishReport"];
                };
            };
            /** @description Some items were refused; the results say which and why */
            207: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublishReport"];
                };
            };
            /** @description The disk is full */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Nothing was published; a single refused item answers with its own reason */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, too slow, stopping or failed */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSearch: {
        parameters: {
            query: {
                /** @description Words, in any case */
                q: string;
                /** @description 1 to 1000, 100 by default */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was found, best first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SearchResults"];
                };
            };
            /** @description Refused */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, too slow, stopping or failed */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getTree: {
        parameters: {
            query?: {
                /** @description The subtree; empty means the root. `uns/v1/` may be left out */
                path?: string;
                /** @description Levels below the path, 1 to 64, 1 by default */
                depth?: number;
                /** @description `next` of the page before */
                after?: string;
                /** @description 1 to 1000, 100 by default */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of the tree */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tree"];
                };
            };
            /** @description Refused */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Overloaded, too slow, stopping or failed */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    openLiveChannel: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The live channel is open */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `upgrade_required`: not a WebSocket request */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `overloaded`: too many live clients */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    alive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It does */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    scrape: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Prometheus text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All is well */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description Serving, but something is wrong */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
}
