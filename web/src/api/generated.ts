// @generated from openapi.json by `npm run generate`. Do not edit.

export interface paths {
    "/api/v1/broker/clients": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Connected clients, page by page. */
        get: operations["getClients"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/broker/clients/{clientId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One connected client. */
        get: operations["getClient"];
        put?: never;
        post?: never;
        /**
         * Ends a client's connection: MQTT 5 clients are told 0x98, Administrative action. Its will is
         *     published, its session stays as after any loss, and it may come back.
         */
        delete: operations["kickClient"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/broker/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sessions of clients, connected or not, page by page. */
        get: operations["getSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/broker/sessions/{clientId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Ends a client's session, connected or not: its subscriptions go, and what it is owed. A client
         *     that is connected is told 0x98, Administrative action, and begins anew when it comes back. The
         *     client id is free for any account then.
         */
        delete: operations["endSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/broker/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Figures of the whole broker, of each core and transport, and by cause. */
        get: operations["getBrokerStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/broker/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Subscriptions of connected clients, page by page. */
        get: operations["getSubscriptions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/broker/topics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Topics with a retained message, and those published to lately, page by page. A filter that
         *     begins with a wildcard leaves out `$SYS`, as it does for subscribers.
         */
        get: operations["getTopics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/broker/traces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Traces that run, and those that ended a short while ago; without their events. */
        get: operations["getTraces"];
        put?: never;
        /**
         * Starts a trace of one client, of the publishes on some topics, or of both. Without `payload` no
         *     byte of any payload is kept.
         */
        post: operations["startTrace"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/broker/traces/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One trace with a page of its events, as they came. */
        get: operations["getTrace"];
        put?: never;
        post?: never;
        /** Ends a trace and forgets its events. */
        delete: operations["stopTrace"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
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
    "/api/v1/uns/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was published and refused, oldest first, as long as it is kept. */
        get: operations["getDeadLetters"];
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
        /**
         * Removes a node and everything below it, with `purge` its history too. Needs the role admin. What
         *     `[deny]` keeps from everybody stays, and is not counted.
         */
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
        /**
         * Nodes whose topic contains every word, and fields whose topic and name together do.
         * @description Where the topic alone contains every word, its fields are not listed one by one.
         */
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
    "/api/v1/uns/violations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Publishers whose clocks cannot be right, the farthest off first. Needs the role admin. */
        get: operations["getViolations"];
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
        /** Every counter and gauge as Prometheus text, for admins and for whoever may read `$SYS/#`. */
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
        /** @description Answer of `GET stats`. Counters run since the start of the process. */
        BrokerStats: {
            /** @description Log-ins that failed, by reason. */
            authFailed: components["schemas"]["Counts"];
            /**
             * Format: int64
             * @description Connected clients.
             */
            clients: number;
            /**
             * Format: int64
             * @description The most there were at once.
             */
            clientsMax: number;
            /** @description Each core. */
            cores: components["schemas"]["CoreStats"][];
            /** @description Messages not delivered, by cause. */
            dropped: components["schemas"]["Counts"];
            /** @description Connections of clients that ended, by cause. */
            ended: components["schemas"]["Counts"];
            /** @description How fast, averaged over one, five and fifteen minutes. */
            rates: components["schemas"]["Rates"][];
            /** @description Connections refused before they were clients, by cause. */
            refused: components["schemas"]["Counts"];
            /**
             * Format: int64
             * @description Retained messages.
             */
            retained: number;
            /**
             * Format: int64
             * @description Their bytes.
             */
            retainedBytes: number;
            /** @description Sessions that outlive their connections. */
            sessions: components["schemas"]["SessionStats"];
            /**
             * Format: int64
             * @description Open sockets, connected clients or not.
             */
            sockets: number;
            /**
             * Format: int64
             * @description Subscriptions.
             */
            subscriptions: number;
            /** @description Sums over all cores. */
            total: components["schemas"]["CoreStats"];
            /** @description What carries the connections. */
            transports: components["schemas"]["TransportStats"][];
            /**
             * Format: int64
             * @description Seconds since the start.
             */
            uptimeSeconds: number;
        };
        /**
         * @description What a subscription listens to.
         * @enum {string}
         */
        Channel: "topic";
        /** @description One client, as of this moment. Counters are those of its connection. */
        Client: {
            /** @description Where it comes from. */
            address: string;
            /**
             * Format: int64
             * @description Bytes received from it.
             */
            bytesIn: number;
            /**
             * Format: int64
             * @description Bytes sent to it.
             */
            bytesOut: number;
            /** @description The subject of its certificate. */
            certificateSubject?: string;
            /** @description Clean Start; Clean Session in MQTT 3.1.1. */
            cleanStart: boolean;
            /** @description Its client id. */
            clientId: string;
            /** @description What is wrong with its clock, where its source times were not believed. */
            clock?: components["schemas"]["ClientClock"];
            /** @description When its CONNECT came. */
            connectedSince: components["schemas"]["Timestamp"];
            /** @description Messages it lost, by cause. */
            dropped: components["schemas"]["Counts"];
            /**
             * Format: int64
             * @description Faults against MQTT that its listener passed over (`mqtt.lenient`).
             */
            forgiven: number;
            /** @description Who it turned out to be: a user, a device, `anonymous`. */
            identity?: string;
            /**
             * Format: int64
             * @description Deliveries it has not acknowledged.
             */
            inFlight: number;
            /**
             * Format: int32
             * @description Keep Alive, as it asked.
             */
            keepAliveSeconds: number;
            /** @description The listener it came to. */
            listener: string;
            /**
             * Format: int64
             * @description PUBLISH packets taken from it.
             */
            messagesIn: number;
            /**
             * Format: int64
             * @description PUBLISH packets given to it.
             */
            messagesOut: number;
            /**
             * Format: int64
             * @description Bytes on their way into its socket.
             */
            outputBytes: number;
            /** @description How well it keeps up. */
            pace: components["schemas"]["Pace"];
            /** @description Nothing is read from it for now, since it waits for a reader or the log. */
            paused: boolean;
            /**
             * Format: int32
             * @description The protocol level: 3 is MQTT 3.1, 4 is MQTT 3.1.1, 5 is MQTT 5.0.
             */
            protocolVersion: number;
            /**
             * Format: int64
             * @description Their bytes.
             */
            queuedBytes: number;
            /**
             * Format: int64
             * @description Messages that wait for it.
             */
            queuedMessages: number;
            /**
             * Format: int64
             * @description Its publishes that were refused.
             */
            rejected: number;
            /**
             * Format: int32
             * @description Session Expiry Interval, as granted; 4294967295 is never.
             */
            sessionExpirySeconds: number;
            /** @description Where it stands. */
            state: components["schemas"]["ClientState"];
            /**
             * Format: int64
             * @description How many subscriptions it has.
             */
            subscriptions: number;
            /** @description `tcp`, `tls`, `websocket` or `websocket_tls`. */
            transport: string;
            /**
             * Format: int64
             * @description Its own publishes whose acknowledgement waits for a commit.
             */
            unacknowledged: number;
            /** @description The User Name of its CONNECT. */
            userName?: string;
        };
        /** @description The clock of a client that named times which cannot be: its values have the time of their arrival. */
        ClientClock: {
            /** @description `ahead`, `out_of_range`, `unreadable` or `set_back`, as in `GET /api/v1/uns/violations`. */
            fault: string;
            /** @description The last time. */
            last: components["schemas"]["Timestamp"];
            /**
             * Format: int64
             * @description How many of its messages named such a time, since the hub started.
             */
            messages: number;
            /**
             * Format: double
             * @description How far its time was from the hub's, the last time; above zero is ahead.
             */
            offsetSeconds?: number;
        };
        /** @description What a client says. */
        ClientMessage: {
            /** @description What kind of thing it listens to. */
            channel?: components["schemas"]["Channel"];
            /** @description The MQTT filter. */
            filter: string;
            /** @description Everything after this cursor; without it, from now on. */
            from?: string | null;
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
        /**
         * @description Where a client stands.
         * @enum {string}
         */
        ClientState: "connecting" | "connected";
        /** @description Answer of `GET clients`. */
        Clients: {
            /** @description The clients, in the order asked for. */
            clients: components["schemas"]["Client"][];
            /** @description Where the next page starts. */
            next?: string | null;
        };
        /**
         * @description A publisher whose source times were not believed. Its values have the time of their arrival and
         *     the quality they were published with.
         */
        ClockViolation: {
            /** @description Its client id. */
            clientId: string;
            /**
             * @description `ahead`: over 60 s ahead of the hub. `out_of_range`: outside 2000..2100. `unreadable`: its times
             *     cannot be read, which says nothing of its clock. `set_back`: its clock was set back and runs on.
             */
            fault: string;
            /** @description The first time. */
            first: components["schemas"]["Timestamp"];
            /** @description What is violated: `clock`. */
            kind: string;
            /** @description The last time. */
            last: components["schemas"]["Timestamp"];
            /**
             * Format: int64
             * @description How many of its messages had this fault, since the hub started.
             */
            messages: number;
            /**
             * Format: double
             * @description How far its time was from the hub's, the last time; above zero is ahead.
             */
            offsetSeconds?: number;
            /** @description What to do. */
            remedy: string;
            /** @description Where it published such a time last. */
            topic?: string;
            /**
             * Format: double
             * @description The farthest that it was.
             */
            worstSeconds?: number;
        };
        /** @description Figures of one core, or of all. */
        CoreStats: {
            /**
             * Format: int64
             * @description Bytes received.
             */
            bytesIn: number;
            /**
             * Format: int64
             * @description Bytes sent.
             */
            bytesOut: number;
            /**
             * Format: int64
             * @description Connected clients.
             */
            clients: number;
            /**
             * Format: int64
             * @description Messages not delivered.
             */
            dropped: number;
            /**
             * Format: int64
             * @description Deliveries not acknowledged.
             */
            inFlight: number;
            /**
             * Format: int64
             * @description PUBLISH packets taken.
             */
            messagesIn: number;
            /**
             * Format: int64
             * @description PUBLISH packets given.
             */
            messagesOut: number;
            /**
             * Format: int64
             * @description Bytes on their way into sockets.
             */
            outputBytes: number;
            /**
             * Format: int64
             * @description Packets of any type taken.
             */
            packetsIn: number;
            /**
             * Format: int64
             * @description Packets of any type given.
             */
            packetsOut: number;
            /**
             * Format: int64
             * @description Publishers paused now.
             */
            paused: number;
            /**
             * Format: int64
             * @description Their bytes.
             */
            queuedBytes: number;
            /**
             * Format: int64
             * @description Messages waiting for clients.
             */
            queuedMessages: number;
            /**
             * Format: int64
             * @description Publishes refused.
             */
            rejected: number;
            /**
             * Format: int64
             * @description Clients for which nobody waits.
             */
            slow: number;
            /**
             * Format: int64
             * @description Times a publisher was paused.
             */
            stalls: number;
        };
        /** @description Counts by the name of their cause, the same names as in metrics. */
        Counts: {
            [key: string]: number;
        };
        /** @description Answer of `GET current`. */
        Current: {
            /** @description The place in the log the values are as of: `subscribe` from here misses nothing (NS-39). */
            cursor: string;
            /** @description Why it is empty, in words, where it is. */
            hint?: string;
            /** @description Where the next page starts. */
            next?: string | null;
            /** @description The values, by topic and field. */
            values: components["schemas"]["Sample"][];
        };
        /** @description A publish that was refused. */
        DeadLetter: {
            /** @description Who published it. */
            clientId: string;
            /** @description The contract that was broken, if it was one. */
            contract?: string | null;
            /** @description Its name; the publisher got it as the user property `uns-dead-id`. */
            deadId: string;
            /** @description What is wrong, for people. */
            detail: string;
            /**
             * Format: int32
             * @description The same as a reason code of MQTT 5.
             */
            mqttReason: number;
            /** @description What was published, in base64. */
            payload: string;
            /** @description Where in the payload the fault is, as a JSON pointer, if that is known. */
            pointer?: string | null;
            /**
             * Format: int32
             * @description With which QoS.
             */
            qos: number;
            /** @description Why it was refused; a stable name. */
            reason: string;
            /** @description When the publish arrived. */
            receivedAt: components["schemas"]["Timestamp"];
            /** @description Where it was to go. */
            topic: string;
        };
        /** @description Answer of `GET dead-letters`. */
        DeadLetters: {
            /** @description The letters, oldest first, each as it was published on `$uns/dead/…`. */
            letters: components["schemas"]["DeadLetter"][];
            /** @description Pass as `after` for the next page; `null` on the last. */
            next?: string | null;
        };
        /** @description Answer of `DELETE nodes`. */
        Deleted: {
            /**
             * Format: int64
             * @description How many nodes are gone.
             */
            deleted: number;
            /**
             * @description With `purge`: whether their samples are out of memory and out of every file by now. Where not,
             *     that goes on until `uns_history_purging` on `/metrics` is 0. The log drops what it has of them
             *     with its retention (`log.keep`).
             */
            purged?: boolean;
        };
        /**
         * @description Which way a packet went.
         * @enum {string}
         */
        Direction: "in" | "out";
        /** @description Answer of `GET history`. */
        History: {
            /** @description The field asked for. */
            field?: string | null;
            /** @description Stretches of the log that could not be read, so that absence is told from silence. */
            gaps?: components["schemas"]["HistoryGap"][];
            /** @description Why it is empty, in words, where it is. */
            hint?: string;
            /** @description Where the next page starts. */
            next?: string | null;
            /** @description The samples, by time. */
            samples: components["schemas"]["HistorySample"][];
            /** @description The topic asked for. */
            topic: string;
            /** @description The unit of all these samples, where they have one in common. */
            unit?: string;
        };
        /** @description A stretch of the log that history does not cover. */
        HistoryGap: {
            /** @description The place in the log where it begins. */
            after: string;
            /** @description Why: `retention`, `damage` or `lost`, where the log lost its newest files. */
            reason: string;
            /** @description The place where it ends. */
            until: string;
        };
        /** @description One row of a [`History`]. */
        HistorySample: {
            /** @description Its quality. */
            quality: components["schemas"]["Quality"];
            /** @description What a text also reads as: a number or a flag. */
            readsAs?: components["schemas"]["ReadsAs"];
            /** @description Source time, or the start of the bucket. */
            timestamp: components["schemas"]["Timestamp"];
            /** @description Its unit, where not all samples of the page have the same. A bucket has a row for each unit. */
            unit?: string;
            /** @description The value, or the aggregate. */
            value: components["schemas"]["Value"];
        };
        /** @description A last value in a list, if there is one. A long value is cut. */
        ListedValue: {
            /** @description True where `value` is only how a long value begins; `current` has the whole. */
            cut?: boolean;
            /** @description `windows-1252` where the payload was no UTF-8 and read as that. */
            encoding?: string | null;
            /**
             * Format: int32
             * @description How many fields of the document there was no room for.
             */
            fieldsLeftOut?: number;
            /** @description What the bytes look like: `jpeg`, `gzip`, `protobuf` and others. */
            looksLike?: string | null;
            /** @description Its quality. */
            quality?: components["schemas"]["Quality"];
            /** @description What a text also reads as: `ON` as a flag, `23,4 °C` as a number. */
            readsAs?: components["schemas"]["ReadsAs"];
            /**
             * Format: int64
             * @description How many bytes the value has, where it is `bytes` or was cut.
             */
            size?: number | null;
            /** @description Its time. */
            timestamp?: components["schemas"]["Timestamp"];
            /** @description `bytes` for a payload that is neither JSON nor text. */
            type?: string | null;
            /** @description The unit its publisher named. */
            unit?: string | null;
            /** @description The last value, if it has one. */
            value?: components["schemas"]["Value"];
        };
        /**
         * @description What a reader who cannot keep up gets.
         * @enum {string}
         */
        Mode: "every" | "latest";
        /**
         * @description How well a client keeps up with what it is sent.
         * @enum {string}
         */
        Pace: "fine" | "behind" | "slow";
        /** @description `application/problem+json`. */
        Problem: {
            /** @description The dead letter that describes the refusal. */
            deadId?: string;
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
             * @description Where the payload is a batch: take all of its rows, or none. Without it the good rows are
             *     taken and `refusedRows` of the answer says which are not.
             */
            atomic?: boolean;
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
            /** @description The dead letter that describes the refusal. */
            deadId?: string;
            /** @description The reason in words. */
            detail?: string | null;
            /** @description The stable name of the reason it was refused for. */
            reason?: string | null;
            /**
             * Format: int32
             * @description Where the payload is a batch: how many of its rows were refused, the others being taken.
             */
            refused?: number;
            /** @description Those rows by their place, at most the first 100; the dead letters have all. */
            refusedRows?: components["schemas"]["RefusedRow"][];
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
        /** @description Averages over the last minutes, each per second. */
        Rates: {
            /**
             * Format: double
             * @description Bytes received.
             */
            bytesIn: number;
            /**
             * Format: double
             * @description Bytes sent.
             */
            bytesOut: number;
            /**
             * Format: double
             * @description CONNECT packets accepted.
             */
            connects: number;
            /**
             * Format: double
             * @description Messages not delivered.
             */
            dropped: number;
            /**
             * Format: double
             * @description PUBLISH packets taken.
             */
            messagesIn: number;
            /**
             * Format: double
             * @description PUBLISH packets given.
             */
            messagesOut: number;
            /**
             * Format: int32
             * @description Over so many minutes.
             */
            minutes: number;
        };
        /** @description Whether the hub should get work, and if not, why. */
        Readiness: {
            /** @description What is wrong; empty when ready, and for whoever may not see the hub's figures. */
            faults: components["schemas"]["ReadinessFault"][];
            /**
             * @description What to look into although it does not make the hub degraded; empty for whoever may not see
             *     the hub's figures.
             */
            notices: components["schemas"]["ReadinessFault"][];
            /** @description `ready` or `degraded`. */
            status: string;
        };
        /** @description One finding. */
        ReadinessFault: {
            /** @description What was checked. */
            check: string;
            /** @description For a person. */
            detail: string;
            /** @description Stable name of the finding. */
            reason: string;
        };
        ReadsAs: number | boolean;
        /** @description A row of a batch that was refused by itself. */
        RefusedRow: {
            /** @description The dead letter that describes it. */
            deadId?: string;
            /** @description The reason in words. */
            detail: string;
            /** @description The stable name of the reason. */
            reason: string;
            /**
             * Format: int64
             * @description Its place in the batch, from 0.
             */
            row: number;
            /** @description Where it was to go. */
            topic: string;
        };
        /** @description One sample of one topic, in answers of `current` and on the live channel. */
        Sample: {
            /** @description `windows-1252` where the payload was no UTF-8 and read as that. */
            encoding?: string | null;
            /** @description The field of its document, if it is one's. */
            field?: string | null;
            /**
             * Format: int32
             * @description How many fields of the document there was no room for.
             */
            fieldsLeftOut?: number;
            /** @description What the bytes look like: `jpeg`, `gzip`, `protobuf` and others. */
            looksLike?: string | null;
            /** @description Its quality. */
            quality: components["schemas"]["Quality"];
            /** @description What a text also reads as: `ON` as a flag, `23,4 °C` as a number. */
            readsAs?: components["schemas"]["ReadsAs"];
            /**
             * Format: int64
             * @description Its place in the log.
             */
            sequence: number;
            /**
             * Format: int64
             * @description How many bytes there are, for `bytes`.
             */
            size?: number | null;
            /** @description True for a field that the newest document no longer has. */
            superseded?: boolean;
            /** @description Source time, or ingest time where there is none. */
            timestamp: components["schemas"]["Timestamp"];
            /** @description The topic. */
            topic: string;
            /** @description `bytes` for a payload that is neither JSON nor text. */
            type?: string | null;
            /** @description The unit its publisher named. */
            unit?: string | null;
            /** @description The value. */
            value: components["schemas"]["Value"];
        };
        /** @description One node or field found. */
        SearchHit: components["schemas"]["ListedValue"] & {
            /** @description The field, where its name and not the topic alone has all words. */
            field?: string;
            /** @description Its last segment. */
            name: string;
            /** @description Its whole topic. */
            path: string;
        };
        /** @description Answer of `GET search`. */
        SearchResults: {
            /**
             * @description Pass as `after` for the next page; `null` on the last. A page that is not full may have a next
             *     one where there are very many topics.
             */
            next?: string | null;
            /** @description What was found, in topic order. */
            results: components["schemas"]["SearchHit"][];
        };
        /** @description What the hub says. */
        ServerMessage: {
            /** @description Where to resume after this message. */
            cursor: string;
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
             * @description How many samples a `latest` subscription left out before these.
             */
            skipped?: number | null;
        } | {
            /** @description Everything after this follows. */
            cursor: string;
            /**
             * Format: int64
             * @description The subscription.
             */
            id: number;
            /** @enum {string} */
            op: "subscribed";
        } | {
            /** @description Everything up to here was sent. */
            after: string;
            /**
             * Format: int64
             * @description The subscription.
             */
            id: number;
            /** @enum {string} */
            op: "gap";
            /** @description What follows after here is sent; nothing in between can be. */
            until: string;
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
        /** @description The session of one client, connected or not. */
        Session: {
            /** @description Its client id. */
            clientId: string;
            /** @description Whether its client is connected. */
            connected: boolean;
            /**
             * Format: int64
             * @description Messages it lost.
             */
            dropped: number;
            /** @description Whether it is kept in the log, and so outlives its connection and this process. */
            durable: boolean;
            /**
             * Format: int64
             * @description When it ends, if its client does not come back before.
             */
            expiresInSeconds?: number;
            /**
             * Format: int32
             * @description Session Expiry Interval; 0 ends with the connection, 4294967295 never.
             */
            expirySeconds: number;
            /**
             * Format: int64
             * @description Those of them sent and not acknowledged.
             */
            inFlight: number;
            /**
             * Format: int64
             * @description Their bytes.
             */
            queuedBytes: number;
            /**
             * Format: int64
             * @description Messages it is owed.
             */
            queuedMessages: number;
            /**
             * Format: int64
             * @description How many subscriptions it has.
             */
            subscriptions: number;
        };
        /** @description Sessions the log keeps. */
        SessionStats: {
            /**
             * Format: int64
             * @description Those whose client is connected.
             */
            connected: number;
            /** @description Messages they lost, by cause. */
            dropped: components["schemas"]["Counts"];
            /**
             * Format: int64
             * @description Those that ended because their client did not come back, since the start.
             */
            expired: number;
            /**
             * Format: int64
             * @description Those of them sent and not acknowledged.
             */
            inFlight: number;
            /**
             * Format: int64
             * @description The others.
             */
            offline: number;
            /**
             * Format: int64
             * @description Their bytes.
             */
            queuedBytes: number;
            /**
             * Format: int64
             * @description Messages owed to them.
             */
            queuedMessages: number;
        };
        /** @description Answer of `GET sessions`. */
        Sessions: {
            /** @description Where the next page starts. */
            next?: string | null;
            /** @description The sessions, by client id. */
            sessions: components["schemas"]["Session"][];
        };
        /** @description One subscription of one client. */
        Subscription: {
            /** @description Whose it is. */
            clientId: string;
            /** @description The filter. */
            filter: string;
            /**
             * Format: int32
             * @description Its Subscription Identifier.
             */
            identifier?: number;
            /** @description No Local. */
            noLocal: boolean;
            /**
             * Format: int32
             * @description The QoS granted.
             */
            qos: number;
            /** @description Retain As Published. */
            retainAsPublished: boolean;
        };
        /** @description Answer of `GET subscriptions`. */
        Subscriptions: {
            /** @description Where the next page starts. */
            next?: string | null;
            /** @description The subscriptions, by filter and client. */
            subscriptions: components["schemas"]["Subscription"][];
        };
        /** Format: date-time */
        Timestamp: string;
        /** @description One topic with a retained message, or published to lately. */
        Topic: {
            /** @description Whether a message is retained. */
            retained: boolean;
            /**
             * Format: int64
             * @description The size of its payload.
             */
            retainedBytes?: number;
            /**
             * Format: int64
             * @description How many clients would get a publish now.
             */
            subscribers: number;
            /** @description The topic. */
            topic: string;
        };
        /** @description Answer of `GET topics`. */
        Topics: {
            /** @description Where the next page starts. */
            next?: string | null;
            /** @description The topics, level by level. */
            topics: components["schemas"]["Topic"][];
        };
        /** @description One trace. Its events come in pages. */
        Trace: {
            /** @description The client asked for. */
            clientId?: string;
            /**
             * Format: int64
             * @description Events beyond the limit, which were not kept.
             */
            dropped: number;
            /** @description One page of them, as they came. */
            events?: components["schemas"]["TraceEvent"][];
            /** @description Its name. */
            id: string;
            /**
             * Format: int64
             * @description Events kept so far.
             */
            kept: number;
            /** @description Where the next page starts; null when there is no more so far. */
            next?: string | null;
            /** @description Whether it still runs. */
            running: boolean;
            /** @description When it began. */
            started: components["schemas"]["Timestamp"];
            /** @description The filter asked for. */
            topicFilter?: string;
            /** @description When it ends, or ended. */
            until: components["schemas"]["Timestamp"];
        };
        /** @description One packet. */
        TraceEvent: {
            /**
             * Format: int64
             * @description Bytes of the whole packet.
             */
            bytes: number;
            /** @description Whose. */
            clientId: string;
            /** @description Which way. */
            direction: components["schemas"]["Direction"];
            /** @description DUP of a PUBLISH. */
            dup?: boolean;
            /** @description What was remarkable about it: `fieldsLeftOut`, `windows1252`, `malformed`, `tooLarge`, `rounded`. */
            findings?: string[];
            /** @description Its type, as `PUBLISH`. */
            packet: string;
            /**
             * Format: int32
             * @description Its Packet Identifier.
             */
            packetId?: number;
            /** @description The beginning of the payload in base64, where it was asked for. */
            payloadBase64?: string;
            /**
             * Format: int32
             * @description How many values were read from the payload of a PUBLISH to a node: one, its fields, its rows.
             */
            points?: number;
            /**
             * Format: int32
             * @description The QoS of a PUBLISH.
             */
            qos?: number;
            /** @description Its reason, or why it was refused. */
            reason?: string;
            /** @description RETAIN of a PUBLISH. */
            retain?: boolean;
            /** @description When. */
            time: components["schemas"]["Timestamp"];
            /** @description The topic, or the filters of SUBSCRIBE and UNSUBSCRIBE. */
            topic?: string;
        };
        /** @description Body of `POST traces`: a client, a filter, or both. */
        TraceRequest: {
            /** @description Packets from and to this client. */
            clientId?: string | null;
            /**
             * Format: int32
             * @description How long it runs: 1 to 600, 60 by default.
             */
            durationSeconds?: number | null;
            /**
             * Format: int32
             * @description Events kept: 1 to 10000, 1000 by default.
             */
            limit?: number | null;
            /** @description Keep the first 256 bytes of payloads too. */
            payload?: boolean;
            /** @description Publishes on topics of this MQTT filter. */
            topicFilter?: string | null;
        };
        /** @description Answer of `GET traces`. */
        Traces: {
            /** @description Traces that run, and those that ended a short while ago; without their events. */
            traces: components["schemas"]["Trace"][];
        };
        /** @description Figures of one transport. */
        TransportStats: {
            /**
             * Format: int64
             * @description Connections served.
             */
            accepted: number;
            /** @description Connections that failed below MQTT, by cause. */
            failed: components["schemas"]["Counts"];
            /** @description `tcp`, `tls`, `websocket` or `websocket_tls`. */
            transport: string;
        };
        /** @description Answer of `GET tree`. */
        Tree: {
            /** @description What lies below it, by name. */
            children: components["schemas"]["TreeNode"][];
            /** @description Why it is empty, in words, where it is. */
            hint?: string;
            /** @description Where the next page starts. */
            next?: string | null;
            /** @description The path asked for. */
            path: string;
        };
        /** @description One child in a [`Tree`]. */
        TreeNode: components["schemas"]["ListedValue"] & {
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
        };
        /** @description The published value, null when quality is Bad or GoodNoData. Integers past 2^53-1 are decimal strings, bytes base64. */
        Value: number | boolean | string | Record<string, never> | unknown[] | null;
        /** @description Answer of `GET violations`. */
        Violations: {
            /**
             * Format: int64
             * @description How many there are in all.
             */
            total: number;
            /** @description The publishers, the farthest off first; one is named again for each other fault. */
            violations: components["schemas"]["ClockViolation"][];
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
    getClients: {
        parameters: {
            query?: {
                /** @description Part of the client id */
                clientId?: string;
                /** @description User name, or who it turned out to be */
                user?: string;
                /** @description The beginning of its address */
                address?: string;
                /** @description The listener it came to */
                listener?: string;
                /** @description `tcp`, `tls`, `websocket` or `websocket_tls` */
                transport?: string;
                /** @description `connected` or `connecting` */
                state?: string;
                /** @description `fine`, `behind` or `slow` */
                pace?: string;
                /** @description `clientId` (default), or the most first: `dropped`, `queued`, `messagesIn`, `messagesOut` */
                sort?: string;
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
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Clients"];
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
    getClient: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its client id, percent-encoded */
                clientId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is known of it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Client"];
                };
            };
            /** @description `client_unknown` */
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
    kickClient: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its client id, percent-encoded */
                clientId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is told to go */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `client_unknown` */
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
    getSessions: {
        parameters: {
            query?: {
                /** @description Part of the client id */
                clientId?: string;
                /** @description Only those whose client is connected, or only the others */
                connected?: boolean;
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
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sessions"];
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
    endSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its client id, percent-encoded */
                clientId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended, durably */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `session_unknown` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `session_goes_on`: its client keeps coming back, or the log takes nothing */
            503: {
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
    getBrokerStats: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As of now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BrokerStats"];
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
    getSubscriptions: {
        parameters: {
            query?: {
                /** @description Of this client */
                clientId?: string;
                /** @description Exactly this filter; `*` stands for `+`, `**` for `#` */
                filter?: string;
                /** @description Filters a publish to this topic would match */
                matches?: string;
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
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Subscriptions"];
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
    getTopics: {
        parameters: {
            query?: {
                /** @description `*` stands for `+`, `**` for `#`; all by default. `a/b/**` gives what lies below */
                filter?: string;
                /** @description Only those with a retained message, or only the others */
                retained?: boolean;
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
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Topics"];
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
    getTraces: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Traces"];
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
    startTrace: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TraceRequest"];
            };
        };
        responses: {
            /** @description It runs */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trace"];
                };
            };
            /** @description `trace_limit`: too many traces run */
            429: {
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
    getTrace: {
        parameters: {
            query?: {
                /** @description `next` of the page before */
                after?: string;
                /** @description 1 to 1000, 100 by default */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The trace */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trace"];
                };
            };
            /** @description `trace_unknown` */
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
    stopTrace: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The trace */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `trace_unknown` */
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
                 * @description MQTT filter with `*` for `+` and `**` for `#`, and `\*` for a level that is called so; everything by default
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
    getDeadLetters: {
        parameters: {
            query?: {
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
            /** @description One page of dead letters */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetters"];
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
            /** @description Some items, or some rows of a batch, were refused; the results say which and why */
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
                /** @description `next` of the page before, of the same words */
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
            /** @description One page of what was found */
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
                /** @description The subtree; left out, the root. Empty, the level without a name that topics such as `/l/x` begin with. `uns/v1/` may be left out */
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
    getViolations: {
        parameters: {
            query?: {
                /** @description 1 to 1000, 100 by default */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The publishers, since the hub started */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Violations"];
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
            /** @description Refused */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
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
