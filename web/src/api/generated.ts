// @generated from openapi.json by `npm run generate`. Do not edit.

export interface paths {
    "/api/v1/uns/tree": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["getTree"];
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
        get: operations["getHistory"];
        put?: never;
        post?: never;
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
        get: operations["getSearch"];
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
        get: operations["openLiveChannel"];
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
        Tree: {
            path: string;
            children: components["schemas"]["TreeNode"][];
            next?: string | null;
        };
        TreeNode: {
            name: string;
            path: string;
            /** Format: int64 */
            children: number;
            leaf: boolean;
            /** @description The published value, null when quality is Bad or GoodNoData. Integers past 2^53-1 are decimal strings, bytes base64. */
            value?: number | boolean | string | Record<string, never> | unknown[] | null;
            /** @enum {string} */
            quality?: "Good" | "Uncertain" | "Bad" | "GoodNoData";
            /** Format: date-time */
            timestamp?: string;
        };
        Current: {
            /** Format: int64 */
            sequence: number;
            values: components["schemas"]["Sample"][];
            next?: string | null;
        };
        Sample: {
            topic: string;
            field?: string | null;
            /** @description The published value, null when quality is Bad or GoodNoData. Integers past 2^53-1 are decimal strings, bytes base64. */
            value: number | boolean | string | Record<string, never> | unknown[] | null;
            /** @enum {string} */
            quality: "Good" | "Uncertain" | "Bad" | "GoodNoData";
            /** Format: date-time */
            timestamp: string;
            /** Format: int64 */
            sequence: number;
        };
        History: {
            topic: string;
            field?: string | null;
            samples: components["schemas"]["HistorySample"][];
            gaps?: components["schemas"]["HistoryGap"][];
            next?: string | null;
        };
        HistorySample: {
            /** @description The published value, null when quality is Bad or GoodNoData. Integers past 2^53-1 are decimal strings, bytes base64. */
            value: number | boolean | string | Record<string, never> | unknown[] | null;
            /** @enum {string} */
            quality: "Good" | "Uncertain" | "Bad" | "GoodNoData";
            /** Format: date-time */
            timestamp: string;
        };
        HistoryGap: {
            /** Format: int64 */
            after: number;
            /** Format: int64 */
            until: number;
            reason: string;
        };
        SearchResults: {
            results: components["schemas"]["SearchHit"][];
        };
        SearchHit: {
            name: string;
            path: string;
            /** @description The published value, null when quality is Bad or GoodNoData. Integers past 2^53-1 are decimal strings, bytes base64. */
            value?: number | boolean | string | Record<string, never> | unknown[] | null;
            /** @enum {string} */
            quality?: "Good" | "Uncertain" | "Bad" | "GoodNoData";
            /** Format: date-time */
            timestamp?: string;
        };
        Problem: {
            type: string;
            title: string;
            /** Format: int32 */
            status: number;
            detail: string;
            reason: string;
            requestId: string;
        };
        /** @enum {string} */
        Channel: "topic";
        /** @enum {string} */
        Mode: "every" | "latest";
        ClientMessage: {
            /** Format: int64 */
            id: number;
            channel?: components["schemas"]["Channel"];
            filter: string;
            /** Format: int64 */
            from?: number | null;
            mode?: components["schemas"]["Mode"];
            /** @enum {string} */
            op: "subscribe";
        } | {
            /** Format: int64 */
            id: number;
            /** @enum {string} */
            op: "unsubscribe";
        };
        ServerMessage: {
            /** Format: int64 */
            id: number;
            /** Format: int64 */
            sequence: number;
            samples: components["schemas"]["Sample"][];
            /** Format: int64 */
            skipped?: number | null;
            /** @enum {string} */
            op: "data";
        } | {
            /** Format: int64 */
            id: number;
            /** Format: int64 */
            sequence: number;
            /** @enum {string} */
            op: "subscribed";
        } | {
            /** Format: int64 */
            id: number;
            /** Format: int64 */
            after: number;
            /** Format: int64 */
            until: number;
            /** @enum {string} */
            op: "gap";
        } | {
            /** Format: int64 */
            id?: number | null;
            reason: string;
            detail: string;
            /** @enum {string} */
            op: "error";
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getTree: {
        parameters: {
            query?: {
                path?: string | null;
                depth?: number | null;
                after?: string | null;
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
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
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getCurrent: {
        parameters: {
            query?: {
                filter?: string | null;
                after?: string | null;
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
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
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHistory: {
        parameters: {
            query: {
                topic: string;
                field?: string | null;
                start?: string | null;
                end?: string | null;
                aggregate?: string | null;
                bucket?: string | null;
                limit?: number | null;
                after?: string | null;
                format?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["History"];
                };
            };
            /** @description Refused */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSearch: {
        parameters: {
            query: {
                q: string;
                limit?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
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
                    "application/json": components["schemas"]["Problem"];
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
        };
    };
}
