// Generated from openapi/openapi.json by `npm run generate`. Do not edit.

export interface paths {
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List events
         * @description Your events that have not expired, in any state, with that state. Reading changes nothing.
         *
         *     - **Looking back**: newest first, which is the default. Walk with `next_cursor` until `has_more` is false.
         *     - **Following along**, to copy every event elsewhere: `order=asc`. There is always a `next_cursor`: while `has_more` is true go on at once, else ask again with it after a second or so. Each event comes exactly once, in the order in which they were stored, as far as that is known: those of the last minute by their commits, older ones by their ids. An event appears there when every change to the database that began before it has ended; that takes milliseconds, unless one of ours hangs.
         *     - A filter can match little of much. One request looks at 5,000 events at most, or 2,000 with `order=asc`; so **a page may have fewer events than `limit`, even none, while `has_more` is true**. Go on with its cursor.
         *     - With `order=asc`, `status` is that of the moment at which the page is read: an event that changes later does not come again.
         *     - A cursor is good for the same partner, order and filters. `limit` may change.
         *     - `idempotency_key` finds the event that your request with this key has stored, which tells you whether it has.
         *
         *     This is no substitute for the inbox, which forgets nothing that you have not acknowledged.
         *
         *     Needs a key with the scope `inbox:read`.
         */
        get: operations["listEvents"];
        put?: never;
        /**
         * Push an event
         * @description Stores one event. **200 means stored**: it is on disk and will be in your inbox until you acknowledge it or it expires.
         *
         *     - `payload` is any JSON object and comes back byte for byte: large numbers, the order of keys and `1.0` survive.
         *     - The whole body has at most 256 KiB. Members that are not named here are ignored.
         *     - **To retry safely**, send an `Idempotency-Key`. The same key with the same content is stored once: the repetition is answered 200 with the first `event_id`, `duplicate: true` and `Idempotent-Replayed: true`. The same key with other content is 422 `idempotency_key_reused`. Without a key, an answer that got lost leaves you to choose between losing the event and having it twice.
         *     - **CloudEvents 1.0** are taken as well: one as `application/cloudevents+json` (structured mode), or its data as the body and its attributes as `ce-` headers, percent-encoded (binary mode). `type` becomes `event_type`, `time` becomes `timestamp`, the data becomes `payload`; the other attributes come back as `cloudevent`. Data that is not a JSON object comes back as the member `data` or `data_base64` of the payload. `source` and `id` are the idempotency key, unless the header `Idempotency-Key` is sent: then that alone is.
         *     - On 429 and 503 wait for `Retry-After` seconds and send the same again.
         *
         *     Needs a key with the scope `events:write`.
         */
        post: operations["postEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Push up to 500 events
         * @description Stores each event by itself: a bad one never fails its neighbours. **200** when every one is stored, **207** when any failed: then look at `results`, which are in the order of the request.
         *
         *     - At most 500 events and 4 MiB in one request, and 256 KiB for each event. It counts as one request of your burst limit.
         *     - A failed item has an `error` with the same codes as `POST /v1/events`, and says whether the same item may succeed later (`retryable`).
         *     - **To retry safely**, send an `Idempotency-Key` for the whole batch, or an `idempotency_key` in each event. Then repeat the whole request: what was stored is answered `duplicate` and not stored again.
         *     - **CloudEvents 1.0** are taken as `application/cloudevents-batch+json`, an array that may be empty; each as in `POST /v1/events`.
         *     - A 4xx or 5xx for the whole request means that its shape was refused or that no answer could be given; with a key it is safe to repeat.
         *
         *     Needs a key with the scope `events:write`.
         */
        post: operations["postEventsBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/inbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the inbox
         * @description Your events that are neither acknowledged nor expired, oldest first. Reading changes nothing: an event comes again until you acknowledge it.
         *
         *     - **The simplest client is a loop**: read without a cursor, handle each event, acknowledge it, read again. What you acknowledged is your position, so nothing can be skipped.
         *     - `limit` is exact: fewer come only when there are no more, or the page would pass 4 MiB (then `has_more` is true).
         *     - `wait=30` saves polling: with an empty inbox the answer comes with the first event, or empty after 30 seconds. At most 10 such requests at once. Give your HTTP client a longer time-out than `wait`.
         *     - `cursor` walks the inbox once without acknowledging. It is good for the same `event_type` and partner.
         *     - **CloudEvents**: with `Accept: application/cloudevents-batch+json` the answer is an array of CloudEvents 1.0, whichever way the events came; `has_more` and `next_cursor` are headers then. One that came as a CloudEvent has the attributes and data that it had. Of any other `id` is the `event_id`, `source` is `/partners/` and your short name, and `metadata` is a text that holds its JSON. Acknowledge by the attribute `triggersid`, which every one has.
         *
         *     Needs a key with the scope `inbox:read`.
         */
        get: operations["getInbox"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/{id}/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Acknowledge an event
         * @description Says that you have handled the event: it leaves the inbox and does not come again. Acknowledge after your own work is safe, not before.
         *
         *     A worker that received the event under a lease sends its `lease_token`: then only the latest holder can acknowledge it, also after the lease has ended.
         *
         *     Repeating it does no harm: it is answered 200 with `already_acknowledged: true` and the time of the first. An event that is unknown, expired or of another partner is 404.
         *
         *     Needs a key with the scope `inbox:settle`.
         */
        patch: operations["acknowledgeEvent"];
        trace?: never;
    };
    "/v1/events/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Acknowledge up to 500 events
         * @description As the single acknowledgement, for many at once: each id is settled by itself. **200** when every one is acknowledged, **207** when any failed: then look at `results`, which are in the order of the request.
         *
         *     Needs a key with the scope `inbox:settle`.
         */
        post: operations["acknowledgeEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/inbox/receive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lease events
         * @description For several workers that share the inbox: gives the oldest free events, each to one worker at a time, and counts a delivery of each.
         *
         *     - **Handle, then settle** with the event's `lease_token`: acknowledge, release, reject or extend. What you do not settle is free again when its lease ends, for you or another worker.
         *     - Make `lease_seconds` longer than your slowest handling. A late settlement still counts while nobody else has received the event; after that it is 409 `lease_lost`.
         *     - `wait_seconds` works as `wait` on `GET /v1/inbox`, and also ends when a lease lapses or a delayed release is due. Polls and receives share the 10 waits of a partner.
         *     - Send a new `receive_id` with each receive: when its answer is lost, the same again within five minutes gives the same events and tokens. An answer to a client that has gone away is taken back, unless it has been repeated by then.
         *     - An event that was given out as often as `max_deliveries` of your account says, and not settled, becomes a dead letter when its last lease ends.
         *     - 10,000 leases may be open at once.
         *
         *     Besides the scope below the key needs `inbox:read`: what it takes, it reads.
         *
         *     Needs a key with the scope `inbox:settle`.
         */
        post: operations["receiveEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/{id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Give a leased event back
         * @description For an event that you cannot handle now: it is free again at once or after `delay_seconds`, for any worker. The delivery stays counted; on its last one the event becomes a dead letter instead, and the answer says so.
         *
         *     Repeating it does no harm.
         *
         *     Needs a key with the scope `inbox:settle`.
         */
        patch: operations["releaseEvent"];
        trace?: never;
    };
    "/v1/events/{id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Reject an event
         * @description For an event that can never be handled: it goes to the dead letters at once, with your reason, and comes no more until somebody redrives it. Without a token it rejects any event of the inbox.
         *
         *     Repeating it does no harm: `already_dead_lettered` is true then.
         *
         *     Needs a key with the scope `inbox:settle`.
         */
        patch: operations["rejectEvent"];
        trace?: never;
    };
    "/v1/events/{id}/extend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Extend a lease
         * @description For an event whose handling takes longer: the lease ends `lease_seconds` from now. With all its extensions a lease lasts 12 hours at most.
         *
         *     Needs a key with the scope `inbox:settle`.
         */
        patch: operations["extendLease"];
        trace?: never;
    };
    "/v1/inbox/settle": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Settle up to 500 events
         * @description As the single commands, for many at once and of every kind: each event is settled by itself. **200** when every one is, **207** when any failed: then look at `results`, in the order of the lists `acknowledge`, `release`, `reject`, `extend`.
         *
         *     Needs a key with the scope `inbox:settle`.
         */
        post: operations["settleEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the dead letters
         * @description Events that a worker has rejected, or that were delivered as often as your account allows and never settled. Newest first, by `dead_lettered_at`.
         *
         *     - They are kept for your retention from `dead_lettered_at` on: `expires_at` says until when.
         *     - A redrive brings them back into the inbox, while the event itself has not expired: `redrivable_until`.
         *     - `cursor` walks the list once. It is good for the same `reason` and `event_type`.
         *
         *     Needs a key with the scope `inbox:read`.
         */
        get: operations["getDeadLetters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Look at a dead letter
         * @description One dead letter, whole. An event that is no dead letter is 404, also when it is in the inbox or acknowledged.
         *
         *     Needs a key with the scope `inbox:read`.
         */
        get: operations["getDeadLetter"];
        put?: never;
        post?: never;
        /**
         * Throw a dead letter away
         * @description Deletes the event for good, from the dead letters and from the history: nobody can redrive, replay or look it up any more. A second time is 404.
         *
         *     There is no need to: dead letters leave by themselves when they expire.
         *
         *     Needs a key with the scope `inbox:settle`.
         */
        delete: operations["deleteDeadLetter"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters/{id}/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Redrive a dead letter
         * @description Brings a dead letter back into the inbox, as if it had never been delivered: `delivery.count` begins at 0 again, older lease tokens no longer count.
         *
         *     It is possible while the event itself has not expired (`redrivable_until`). Repeating it does no harm: an event that is in the inbox stays as it is.
         *
         *     Needs a key with the scope `inbox:settle`.
         */
        post: operations["redriveDeadLetter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/dead-letters/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Redrive many dead letters
         * @description Brings dead letters back into the inbox: those that `event_ids` names, or those that match `filter`.
         *
         *     - The filter's `from` (included) and `to` (not included) are times of `dead_lettered_at`. `{"filter":{}}` is all of them.
         *     - **Up to 500 matches are moved at once** and answered 200. More, or more than `max_per_second`, are moved by a job: 202 with its `job_id`, for `GET /v1/jobs/{job_id}`. A partner has one unfinished job at a time: 409 `job_in_progress` names it.
         *     - What matches is fixed when you ask: what comes later is left alone. What has left meanwhile in another way is not moved.
         *     - `dry_run` only counts. Counting ends after 100,000 matches and after a second; then `matched_at_least` is true.
         *     - Repeating it moves what is still there to be moved. Of `event_ids`, those that are no dead letters of yours are `unmatched`.
         *
         *     Needs a key with the scope `inbox:settle`.
         */
        post: operations["redriveDeadLetters"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replay an event
         * @description Brings an event back into the inbox that you have acknowledged, or that is a dead letter, until it expires. It comes with `delivery.replayed: true` and a count that begins at 0 again.
         *
         *     Repeating it does no harm: an event that is in the inbox stays as it is, leases and all. One whose payload was expunged is 409.
         *
         *     Needs a key with the scope `inbox:settle`.
         */
        post: operations["replayEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replay many events
         * @description Brings events back into the inbox that were received in a stretch of time and acknowledged since: for when your side has lost what it had handled.
         *
         *     - `from` is included, `to` is not. `limit` takes the oldest.
         *     - `status` says where they are taken from: `acknowledged` (unless you say otherwise), `dead_lettered` or `any` of both. Events in the inbox never match, nor do those whose payload was expunged.
         *     - **Up to 500 matches are moved at once** and answered 200. More, or more than `max_per_second`, are moved by a job: 202 with its `job_id`, for `GET /v1/jobs/{job_id}`. A partner has one unfinished job at a time: 409 `job_in_progress` names it.
         *     - What matches is fixed when you ask: what comes later is left alone. What has left meanwhile in another way is not moved.
         *     - `dry_run` only counts. Counting ends after 100,000 matches and after a second; then `matched_at_least` is true.
         *     - Repeating it moves what was acknowledged since.
         *
         *     Needs a key with the scope `inbox:settle`.
         */
        post: operations["replayEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{job_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * See how far a job has come
         * @description A redrive or replay of many events. It goes on by itself until it is `completed`, also through a restart of the service. A finished job is forgotten after seven days.
         *
         *     Needs a key with the scope `inbox:read`.
         */
        get: operations["getJob"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Look an event up
         * @description One event with its state and history, before and after it is settled, until it expires. Reading changes nothing.
         *
         *     A dead letter lives longer than its event: when the event has expired, look under `/v1/dead-letters`.
         *
         *     Needs a key with the scope `inbox:read`.
         */
        get: operations["getEvent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/{id}/payload": {
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
         * Take the payload of an event away
         * @description For what must not be kept: payload, metadata and the attributes of a CloudEvent are erased for good, in whatever state the event is. It leaves the inbox and the dead letters, is never delivered again, and cannot be replayed. A worker that has received it already has it.
         *
         *     Its id, type, times, trace and idempotency key stay, so that a retry of the request that sent it does not store it once more. Repeating it does no harm: `already_expunged`, with the time of the first.
         *
         *     The database's log and our backups hold the old bytes until they are themselves removed, on their own schedule; deleted rows are overwritten in the background.
         *
         *     Needs a key with the scope `account:write`.
         */
        delete: operations["expungePayload"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/inbox/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count the inbox
         * @description How many events there are in each state, and how old the oldest pending one is: what to scale your workers by. Exact at `counted_at`.
         *
         *     Requests at the same time share a count, and counting takes at most a fifth of the time: with a backlog of a million, an answer may take a second.
         *
         *     Needs a key with the scope `inbox:read`.
         */
        get: operations["getInboxStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/account": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read your account
         * @description Your limits, your retention and whom we write to.
         *
         *     Needs a key with the scope `account:read`.
         */
        get: operations["getAccount"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change your account
         * @description Changes the members that you send and leaves the others. `null` empties a contact.
         *
         *     A new `retention_hours` is true at once, also for events that are stored already: a longer one keeps what has not expired yet, a shorter one hides what is older. What has expired does not come back. A new `max_deliveries` is looked at when an event is leased: one that is out on its last delivery stays on it.
         *
         *     Needs a key with the scope `account:write`.
         */
        patch: operations["patchAccount"];
        trace?: never;
    };
    "/v1/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read your use and limits
         * @description What you have used of your limits, and every limit of the API in one list. The same figures come with each answer in `RateLimit` and `RateLimit-Policy`.
         *
         *     The burst limit counts requests: a batch is one, a long poll is one. The monthly quota counts newly accepted events: duplicates and refused ones are free.
         *
         *     Needs a key with the scope `account:read`.
         */
        get: operations["getUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace your key
         * @description Gives you a new key in place of the one that you call with: the same scopes, networks, class and expiry. It works at once. **It is shown this once**: store it before you do anything else.
         *
         *     The old key stays good for `grace_seconds`, a day unless you say otherwise, and never longer than it would have been: time to bring the new one to all your machines. Within a second of its end it is refused everywhere. Use 0 when somebody else may have seen it; but if that answer is lost on its way, so are both keys, and you must ask support for a new one.
         *
         *     A key is replaced once. During its grace it can do what it could, but it is refused here with 403 `forbidden`: an old key that was found must not be good for making a new one. Rotate the new key instead.
         *
         *     Needs a key with the scope `account:write`.
         */
        post: operations["rotateKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How the service is, and whether your key is good
         * @description Every dependency, and whether requests are answered. No key is needed. **With** a key it is checked as well: 200 then also means that your key is good, 401 that it is not.
         *
         *     503 `degraded` names the dependency that is not well, or gives a `reason`; `serving: true` says that requests are answered all the same. Do not stop sending because of a degraded health: send, and obey the answers.
         */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How the service is, and whether your key is good
         * @description Every dependency, and whether requests are answered. No key is needed. **With** a key it is checked as well: 200 then also means that your key is good, 401 that it is not.
         *
         *     503 `degraded` names the dependency that is not well, or gives a `reason`; `serving: true` says that requests are answered all the same. Do not stop sending because of a degraded health: send, and obey the answers.
         */
        get: operations["getHealthUnversioned"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the process lives
         * @description For orchestrators: anything but 200 calls for a restart. Looks at nothing but the process itself.
         */
        get: operations["getLive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether this replica takes requests
         * @description For load balancers: 503 while Postgres does not answer, events wait longer than 3 s to be stored or their queue is full, or the process shuts down. A dead Redis does not make a replica unready.
         */
        get: operations["getReady"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * This description
         * @description The OpenAPI 3.1 document of this version of the service, for code generators and tests. For people it is at `/docs`.
         */
        get: operations["getOpenApi"];
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
        Account: {
            /**
             * @description Name it to support.
             * @example beta_000001
             */
            partner_id: string;
            /**
             * @description Your name.
             * @example Acme Corp
             */
            partner_name: string;
            /**
             * @description The keys of a suspended partner are refused.
             * @enum {string}
             */
            status: "active" | "suspended";
            /**
             * Format: date-time
             * @description Since when you are with us.
             */
            created_at: string;
            /** @description Requests a second that you may go on with. */
            rate_limit_per_sec: number;
            /** @description Requests at once. */
            rate_limit_burst: number;
            /** @description Newly accepted events in a calendar month, UTC. */
            rate_limit_per_month: number;
            /** @description How long an event stays in the inbox unacknowledged. */
            retention_hours: number;
            /** @description How often an event is leased to a worker before it becomes a dead letter. */
            max_deliveries: number;
            /** @description Where notices go. */
            contact_email: string | null;
            /** @description A telephone number. */
            contact_phone: string | null;
            /** @description The support channel. */
            slack_channel: string | null;
            /** @description A name. */
            primary_contact: string | null;
            /** @description A name. */
            backup_contact: string | null;
        };
        AccountPatch: {
            /**
             * @description True at once, also for what is stored: a longer one keeps what has not expired yet, a shorter one hides what is older.
             * @example 168
             */
            retention_hours?: number;
            /**
             * @description How often an event is leased to a worker before it becomes a dead letter. Looked at with each lease.
             * @example 5
             */
            max_deliveries?: number;
            /** @description Where notices go. */
            contact_email?: string | null;
            /** @description A telephone number. */
            contact_phone?: string | null;
            /** @description The support channel. */
            slack_channel?: string | null;
            /** @description A name. */
            primary_contact?: string | null;
            /** @description A name. */
            backup_contact?: string | null;
        };
        AcknowledgeBatchResult: {
            /** @description How many are acknowledged by this request. */
            acknowledged: number;
            /** @description How many had been before. */
            already_acknowledged: number;
            /** @description How many are not acknowledged. */
            failed: number;
            /** @description One for each id, in the order of the request. */
            results: {
                /** @description Position in the request, from 0. */
                index: number;
                /** @description As it was sent. */
                event_id: string;
                /**
                 * @description What became of it.
                 * @enum {string}
                 */
                status: "acknowledged" | "failed";
                /**
                 * Format: date-time
                 * @description Of the first acknowledgement.
                 */
                acknowledged_at?: string;
                /** @description True when an earlier request had acknowledged the event. */
                already_acknowledged?: boolean;
                /** @description Why it failed. */
                error?: {
                    /**
                     * @description As the `code` of a problem document.
                     * @example event_not_found
                     */
                    code: string;
                    /** @description What to do. For people; do not parse it. */
                    detail: string;
                    /** @description Whether the same may succeed later. */
                    retryable: boolean;
                };
            }[];
        };
        AcknowledgeBody: {
            /** @description The `lease_token` with which the event came. Only the latest counts, also after its end; any other text is a lost lease. */
            lease_token?: string;
        } | null;
        AcknowledgeRequest: {
            /** @description The `event_id` of each event. */
            event_ids: string[];
        };
        Acknowledged: {
            /**
             * @description As it was sent.
             * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
             */
            event_id: string;
            /**
             * @description It does not come again.
             * @constant
             */
            status: "acknowledged";
            /**
             * Format: date-time
             * @description Of the first acknowledgement; later ones do not move it.
             */
            acknowledged_at: string;
            /** @description True when an earlier request had acknowledged the event. */
            already_acknowledged?: boolean;
        };
        BackInInbox: {
            /**
             * @description As it was sent.
             * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
             */
            event_id: string;
            /**
             * @description It is in the inbox.
             * @constant
             */
            status: "pending";
            /** @description True when it was there before: nothing was changed. */
            already_pending?: boolean;
        };
        /** @description `{"events": […]}` or the bare array; both mean the same. */
        BatchRequest: {
            /** @description The events, each as in `POST /v1/events`. */
            events: components["schemas"]["EventBody"][];
        } | components["schemas"]["EventBody"][];
        BatchResult: {
            /** @description How many are newly stored. */
            accepted: number;
            /** @description How many were stored before under the same idempotency key. */
            duplicates: number;
            /** @description How many are not stored. */
            failed: number;
            /** @description One for each item, in the order of the request. */
            results: {
                /** @description Position in the request, from 0. */
                index: number;
                /**
                 * @description What became of it.
                 * @enum {string}
                 */
                status: "accepted" | "duplicate" | "failed";
                /** @description Unless it failed. That of the first event for a duplicate. */
                event_id?: string;
                error?: components["schemas"]["ItemError"];
            }[];
        };
        /** @description An event in the JSON format of CloudEvents 1.0. Further members are extension attributes: lower-case letters and digits, given back. */
        CloudEvent: {
            /**
             * @description The version of CloudEvents.
             * @constant
             */
            specversion: "1.0";
            /**
             * @description The same for every attempt to send the event.
             * @example order_001-created
             */
            id: string;
            /**
             * @description Where it happened, a URI-reference.
             * @example /shops/eu
             */
            source: string;
            /**
             * @description What happened: becomes `event_type`.
             * @example order.created
             */
            type: string;
            /**
             * Format: date-time
             * @description When it happened, RFC 3339: becomes `timestamp`.
             * @example 2026-11-24T10:30:00Z
             */
            time?: string;
            /**
             * @description What in the source it is about.
             * @example order_001
             */
            subject?: string;
            /**
             * @description The schema of the data, a URI.
             * @example https://schemas.example.com/order/2
             */
            dataschema?: string;
            /**
             * @description The media type of the data; `application/json` when it is not there.
             * @example application/json
             */
            datacontenttype?: string;
            /**
             * @description The `event_id`, for acknowledging. On the way out only: what is sent under this name is ignored.
             * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
             */
            triggersid?: string;
            /**
             * @description Any JSON, given back byte for byte.
             * @example {
             *       "order_id": "order_001"
             *     }
             */
            data?: unknown;
            /**
             * @description Data that is bytes, in Base64; not beside `data`.
             * @example SGVsbG8=
             */
            data_base64?: string;
        } & {
            [key: string]: string | number | boolean;
        };
        DeadLetter: {
            /**
             * @description The same at every delivery: drop what you have handled before by it.
             * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
             */
            event_id: string;
            /**
             * @description As it was sent.
             * @example order.created
             */
            event_type: string;
            /**
             * Format: date-time
             * @description When it happened, as it was sent, in UTC; else when we received it.
             */
            timestamp: string;
            /** @description The bytes that were sent. For data of a CloudEvent that is no JSON object, see `cloudevent`. */
            payload: {
                [key: string]: unknown;
            };
            /** @description As it was sent. */
            metadata: {
                [key: string]: string;
            } | null;
            /** @description The `traceparent` header with which it was sent. */
            trace_parent: string | null;
            /** @description Only of an event that came as a CloudEvent: its attributes as they were sent, but for `type`, which is `event_type`. `subject`, `time`, `dataschema`, `datacontenttype` and extensions are there when they were sent. */
            cloudevent?: {
                /**
                 * @description The version of CloudEvents.
                 * @constant
                 */
                specversion: "1.0";
                /**
                 * @description The id that its sender gave it.
                 * @example A234-1234-1234
                 */
                id: string;
                /**
                 * @description Where it happened; with `id` the name of the event.
                 * @example /shops/eu
                 */
                source: string;
                /**
                 * @description JSON pointer to the data. `/payload` when the data is a JSON object; `/payload/data` for any other JSON and for text, `/payload/data_base64` for bytes, because a payload is always an object; null when there is no data.
                 * @enum {string|null}
                 */
                data_at: "/payload" | "/payload/data" | "/payload/data_base64" | null;
            } & {
                [key: string]: string | number | boolean;
            };
            /**
             * Format: date-time
             * @description When we received it.
             */
            received_at: string;
            /**
             * Format: date-time
             * @description When it leaves the dead letters: your retention after `dead_lettered_at`.
             */
            expires_at: string;
            /** @description How it came here. */
            delivery: {
                /** @description How often the event was handed to a worker under a lease. */
                count: number;
                /** @description Whether the event was put back into the inbox after an acknowledgement. */
                replayed: boolean;
            };
            /**
             * @description Why it is here.
             * @enum {string}
             */
            reason: "rejected" | "max_deliveries_exceeded";
            /** @description The `reason` that was given with the reject. */
            detail: string | null;
            /**
             * Format: date-time
             * @description Since when it is here.
             */
            dead_lettered_at: string;
            /**
             * Format: date-time
             * @description When the event itself expires: until then it can be redriven, afterwards only be read and deleted.
             */
            redrivable_until: string;
        };
        DeadLetterDeleted: {
            /**
             * @description As it was sent.
             * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
             */
            event_id: string;
            /**
             * @description The event is gone, with its payload.
             * @constant
             */
            status: "deleted";
        };
        DeadLetterPage: {
            /** @description Newest first, by `dead_lettered_at`. */
            dead_letters: components["schemas"]["DeadLetter"][];
            /** @description Dead letters on this page. */
            count: number;
            /** @description Whether there are more behind this page. */
            has_more: boolean;
            /** @description For the page behind this one, as `cursor`. Opaque. */
            next_cursor: string | null;
        };
        DeadLettered: {
            /**
             * @description The `event_id` of the event.
             * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
             */
            event_id: string;
            /**
             * @description It is among the dead letters.
             * @constant
             */
            status: "dead_lettered";
            /**
             * @description Why it is there.
             * @enum {string}
             */
            reason: "rejected" | "max_deliveries_exceeded";
            /**
             * Format: date-time
             * @description Since when; a repetition does not move it.
             */
            dead_lettered_at: string;
            /** @description True when an earlier request had moved the event. */
            already_dead_lettered?: boolean;
        };
        EventAccepted: {
            /**
             * @description `evt_` and a UUIDv7. Never changes.
             * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
             */
            event_id: string;
            /**
             * @description Also for a duplicate: the event is stored.
             * @constant
             */
            status: "accepted";
            /** @description True when the idempotency key was used before with the same content: `event_id` is the first one. */
            duplicate: boolean;
            /**
             * Format: date-time
             * @description When we received it.
             * @example 2026-11-24T10:30:00.123Z
             */
            received_at: string;
            /**
             * Format: date-time
             * @description When the event leaves the inbox unacknowledged.
             * @example 2026-11-27T10:30:00.123Z
             */
            expires_at: string;
        };
        EventBody: {
            /**
             * @description What happened, such as `order.created`: the word by which inboxes are filtered.
             * @example order.created
             */
            event_type: string;
            /**
             * Format: date-time
             * @description When it happened at your side, RFC 3339. Default: when we received it.
             * @example 2026-11-24T10:30:00.000Z
             */
            timestamp?: string;
            /**
             * @description Any JSON object, given back byte for byte.
             * @example {
             *       "order_id": "order_001",
             *       "amount": 99.99
             *     }
             */
            payload: {
                [key: string]: unknown;
            };
            /**
             * @description Makes a retry safe: the same key and content is stored once. The `Idempotency-Key` header does the same.
             * @example order_001-created
             */
            idempotency_key?: string;
            /**
             * @description Up to 16 pairs of text that travel beside the payload, each value at most 1,024 bytes in UTF-8.
             * @example {
             *       "source": "shop-eu"
             *     }
             */
            metadata?: {
                [key: string]: string;
            };
        } & {
            [key: string]: unknown;
        };
        EventDetails: {
            /**
             * @description The same at every delivery: drop what you have handled before by it.
             * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
             */
            event_id: string;
            /**
             * @description As it was sent.
             * @example order.created
             */
            event_type: string;
            /**
             * Format: date-time
             * @description When it happened, as it was sent, in UTC; else when we received it.
             */
            timestamp: string;
            /** @description The bytes that were sent. For data of a CloudEvent that is no JSON object, see `cloudevent`. */
            payload: {
                [key: string]: unknown;
            };
            /** @description As it was sent. */
            metadata: {
                [key: string]: string;
            } | null;
            /** @description The `traceparent` header with which it was sent. */
            trace_parent: string | null;
            /** @description Only of an event that came as a CloudEvent: its attributes as they were sent, but for `type`, which is `event_type`. `subject`, `time`, `dataschema`, `datacontenttype` and extensions are there when they were sent. */
            cloudevent?: {
                /**
                 * @description The version of CloudEvents.
                 * @constant
                 */
                specversion: "1.0";
                /**
                 * @description The id that its sender gave it.
                 * @example A234-1234-1234
                 */
                id: string;
                /**
                 * @description Where it happened; with `id` the name of the event.
                 * @example /shops/eu
                 */
                source: string;
                /**
                 * @description JSON pointer to the data. `/payload` when the data is a JSON object; `/payload/data` for any other JSON and for text, `/payload/data_base64` for bytes, because a payload is always an object; null when there is no data.
                 * @enum {string|null}
                 */
                data_at: "/payload" | "/payload/data" | "/payload/data_base64" | null;
            } & {
                [key: string]: string | number | boolean;
            };
            /**
             * Format: date-time
             * @description When we received it.
             */
            received_at: string;
            /**
             * Format: date-time
             * @description When it leaves the inbox unacknowledged.
             */
            expires_at: string;
            /** @description How it came here. */
            delivery: {
                /** @description How often the event was handed to a worker under a lease. */
                count: number;
                /** @description Whether the event was put back into the inbox after an acknowledgement. */
                replayed: boolean;
            };
            /**
             * @description `pending`: free in the inbox. `leased`: with a worker, or on its way from its last one to the dead letters. `delayed`: released for later. `acknowledged`: settled for good. `dead_lettered`: among the dead letters. `expunged`: its payload was taken away.
             * @enum {string}
             */
            status: "pending" | "leased" | "delayed" | "acknowledged" | "dead_lettered" | "expunged";
            /** @description What happened to it and is still so, in the order of time: a replay or redrive takes away what it undoes. */
            history: {
                /**
                 * @description What happened.
                 * @enum {string}
                 */
                status: "received" | "acknowledged" | "dead_lettered" | "expunged";
                /**
                 * Format: date-time
                 * @description When it happened.
                 */
                at: string;
                /**
                 * @description Only of `dead_lettered`: why.
                 * @enum {string}
                 */
                reason?: "rejected" | "max_deliveries_exceeded";
            }[];
        };
        EventsPage: {
            /** @description In the order asked for. */
            events: components["schemas"]["ListedEvent"][];
            /** @description Events on this page. */
            count: number;
            /** @description Whether to go on at once: there may be events behind this page. */
            has_more: boolean;
            /** @description For the page behind this one, as `cursor`. With `order=asc` there is always one, for asking again later. Opaque. */
            next_cursor: string | null;
        };
        Expunged: {
            /**
             * @description As it was sent.
             * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
             */
            event_id: string;
            /**
             * @description Payload and metadata are gone.
             * @constant
             */
            status: "expunged";
            /**
             * Format: date-time
             * @description Of the first time; a repetition does not move it.
             */
            expunged_at: string;
            /** @description True when an earlier request had done it. */
            already_expunged?: boolean;
        };
        ExtendBody: {
            /** @description The `lease_token` with which the event came. Only the latest counts, also after its end; any other text is a lost lease. */
            lease_token: string;
            /** @description Seconds from now; 12 hours from the receive at most. */
            lease_seconds: number;
        };
        Extended: {
            /**
             * @description The `event_id` of the event.
             * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
             */
            event_id: string;
            /**
             * @description The lease goes on.
             * @constant
             */
            status: "extended";
            /**
             * Format: date-time
             * @description Its new end.
             */
            lease_expires_at: string;
        };
        FieldError: {
            /**
             * @description JSON pointer to the member of the body, or the name of the parameter or header.
             * @example /event_type
             */
            pointer: string;
            /**
             * @description What rule it broke.
             * @example required
             */
            code: string;
            /**
             * @description What it must be.
             * @example is required
             */
            detail: string;
        };
        Health: {
            /**
             * @description `degraded`, with status 503, as soon as one dependency is unhealthy.
             * @enum {string}
             */
            status: "healthy" | "degraded";
            /** @description Whether requests are still answered: a dead Redis alone does not stop them. */
            serving: boolean;
            /** @description Why it is degraded, when that is not the fault of a dependency. */
            reason?: string;
            /**
             * Format: date-time
             * @description Now.
             */
            timestamp: string;
            /**
             * @description Of the service.
             * @example 1.0.0
             */
            version: string;
            /** @description Since this replica was started. */
            uptime_seconds: number;
            /** @description What the service stands on. */
            dependencies: {
                /** @description Where events are stored. Nothing is answered without it. */
                postgres: {
                    /**
                     * @description How it is.
                     * @enum {string}
                     */
                    status: "healthy" | "unhealthy" | "not_configured";
                    /** @description How long it took to answer, in milliseconds; null when it did not. */
                    latency_ms: number | null;
                };
                /** @description Limits and wake-ups across replicas. Requests are answered without it. */
                redis: {
                    /**
                     * @description How it is.
                     * @enum {string}
                     */
                    status: "healthy" | "unhealthy" | "not_configured";
                    /** @description How long it took to answer, in milliseconds; null when it did not. */
                    latency_ms: number | null;
                };
                /** @description What waits for partners. */
                inbox: {
                    /**
                     * @description How it is.
                     * @enum {string}
                     */
                    status: "healthy" | "unhealthy" | "not_configured";
                    /** @description Unacknowledged events of all partners, estimated. */
                    queue_depth: number | null;
                };
                /** @description Where secrets are kept. */
                vault: {
                    /**
                     * @description How it is.
                     * @enum {string}
                     */
                    status: "healthy" | "unhealthy" | "not_configured";
                    /**
                     * Format: date-time
                     * @description When its key was last changed.
                     */
                    last_key_rotation: string | null;
                };
            };
            /** @description Of this replica since its start. */
            metrics: {
                /** @description Requests answered, without long polls. */
                requests_total: number;
                /** @description Those answered with a 5xx status. */
                errors_total: number;
                /** @description The second divided by the first. */
                error_rate: number;
                /** @description 95th percentile of the latest 1,024 requests, in milliseconds. */
                p95_latency_ms: number;
            };
        };
        InboxEvent: {
            /**
             * @description The same at every delivery: drop what you have handled before by it.
             * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
             */
            event_id: string;
            /**
             * @description As it was sent.
             * @example order.created
             */
            event_type: string;
            /**
             * Format: date-time
             * @description When it happened, as it was sent, in UTC; else when we received it.
             */
            timestamp: string;
            /** @description The bytes that were sent. For data of a CloudEvent that is no JSON object, see `cloudevent`. */
            payload: {
                [key: string]: unknown;
            };
            /** @description As it was sent. */
            metadata: {
                [key: string]: string;
            } | null;
            /** @description The `traceparent` header with which it was sent. */
            trace_parent: string | null;
            /** @description Only of an event that came as a CloudEvent: its attributes as they were sent, but for `type`, which is `event_type`. `subject`, `time`, `dataschema`, `datacontenttype` and extensions are there when they were sent. */
            cloudevent?: {
                /**
                 * @description The version of CloudEvents.
                 * @constant
                 */
                specversion: "1.0";
                /**
                 * @description The id that its sender gave it.
                 * @example A234-1234-1234
                 */
                id: string;
                /**
                 * @description Where it happened; with `id` the name of the event.
                 * @example /shops/eu
                 */
                source: string;
                /**
                 * @description JSON pointer to the data. `/payload` when the data is a JSON object; `/payload/data` for any other JSON and for text, `/payload/data_base64` for bytes, because a payload is always an object; null when there is no data.
                 * @enum {string|null}
                 */
                data_at: "/payload" | "/payload/data" | "/payload/data_base64" | null;
            } & {
                [key: string]: string | number | boolean;
            };
            /**
             * Format: date-time
             * @description When we received it.
             */
            received_at: string;
            /**
             * Format: date-time
             * @description When it leaves the inbox unacknowledged.
             */
            expires_at: string;
            /** @description How it came here. */
            delivery: {
                /** @description How often the event was handed to a worker under a lease. */
                count: number;
                /** @description Whether the event was put back into the inbox after an acknowledgement. */
                replayed: boolean;
            };
        };
        InboxPage: {
            /** @description Oldest first. */
            events: components["schemas"]["InboxEvent"][];
            /** @description Events on this page. */
            count: number;
            /** @description Whether there are events behind this page. */
            has_more: boolean;
            /** @description For the page behind this one, as `cursor`. Opaque. */
            next_cursor: string | null;
        };
        InboxStats: {
            /** @description Events that a poll or a receive would give. */
            pending: number;
            /** @description Events that a worker holds, or that are on their way from its last lease to the dead letters. */
            leased: number;
            /** @description Events that were released for later. */
            delayed: number;
            /** @description Events among the dead letters. */
            dead_letters: number;
            /**
             * Format: date-time
             * @description When the oldest pending event was received; null when there is none.
             */
            oldest_pending_at: string | null;
            /** @description How long it has been here: how far your workers are behind. */
            oldest_pending_seconds: number | null;
            /**
             * Format: date-time
             * @description When the next lease or delay ends; null when there is none.
             */
            next_available_at: string | null;
            /**
             * Format: date-time
             * @description The moment at which all of this was so: never before your request.
             */
            counted_at: string;
        };
        ItemError: {
            /**
             * @description As the `code` of a problem document.
             * @example validation_failed
             */
            code: string;
            /** @description What is wrong with the item. For people; do not parse it. */
            detail: string;
            /**
             * @description JSON pointer to what is wrong.
             * @example /events/2/event_type
             */
            pointer?: string;
            /** @description Whether the same item may succeed later. If false, change it first. */
            retryable: boolean;
            /** @description With `idempotency_key_reused`: the event that has the key. */
            original_event_id?: string;
        } & {
            [key: string]: unknown;
        };
        Job: {
            /**
             * @description For `GET /v1/jobs/{job_id}`.
             * @example job_01a20d1c-17a3-7000-8e55-1f0c7a9be2d4
             */
            job_id: string;
            /**
             * @description What it does.
             * @enum {string}
             */
            kind: "redrive" | "replay";
            /**
             * @description `failed` is our failure: what was moved stays moved, and the same command again does the rest.
             * @enum {string}
             */
            status: "queued" | "running" | "completed" | "failed";
            /** @description Events that match. */
            matched: number;
            /** @description True when there are, or may be, more than `matched`: counting ends after 100,000, and after a second. */
            matched_at_least?: boolean;
            /** @description Events that are back in the inbox so far. In the end fewer than `matched` when some left meanwhile in another way. */
            moved: number;
            /**
             * Format: date-time
             * @description When it was asked for. What comes later does not match.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When the first portion was moved.
             */
            started_at: string | null;
            /**
             * Format: date-time
             * @description When it ended; a week later it is forgotten.
             */
            finished_at: string | null;
        };
        JobStarted: {
            /**
             * @description For `GET /v1/jobs/{job_id}`.
             * @example job_01a20d1c-17a3-7000-8e55-1f0c7a9be2d4
             */
            job_id: string;
            /**
             * @description It begins at once.
             * @constant
             */
            status: "queued";
            /** @description Events that match. */
            matched: number;
            /** @description True when there are, or may be, more than `matched`: counting ends after 100,000, and after a second. */
            matched_at_least?: boolean;
        };
        LeasedEvent: {
            /**
             * @description The same at every delivery: drop what you have handled before by it.
             * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
             */
            event_id: string;
            /**
             * @description As it was sent.
             * @example order.created
             */
            event_type: string;
            /**
             * Format: date-time
             * @description When it happened, as it was sent, in UTC; else when we received it.
             */
            timestamp: string;
            /** @description The bytes that were sent. For data of a CloudEvent that is no JSON object, see `cloudevent`. */
            payload: {
                [key: string]: unknown;
            };
            /** @description As it was sent. */
            metadata: {
                [key: string]: string;
            } | null;
            /** @description The `traceparent` header with which it was sent. */
            trace_parent: string | null;
            /** @description Only of an event that came as a CloudEvent: its attributes as they were sent, but for `type`, which is `event_type`. `subject`, `time`, `dataschema`, `datacontenttype` and extensions are there when they were sent. */
            cloudevent?: {
                /**
                 * @description The version of CloudEvents.
                 * @constant
                 */
                specversion: "1.0";
                /**
                 * @description The id that its sender gave it.
                 * @example A234-1234-1234
                 */
                id: string;
                /**
                 * @description Where it happened; with `id` the name of the event.
                 * @example /shops/eu
                 */
                source: string;
                /**
                 * @description JSON pointer to the data. `/payload` when the data is a JSON object; `/payload/data` for any other JSON and for text, `/payload/data_base64` for bytes, because a payload is always an object; null when there is no data.
                 * @enum {string|null}
                 */
                data_at: "/payload" | "/payload/data" | "/payload/data_base64" | null;
            } & {
                [key: string]: string | number | boolean;
            };
            /**
             * Format: date-time
             * @description When we received it.
             */
            received_at: string;
            /**
             * Format: date-time
             * @description When it leaves the inbox unacknowledged.
             */
            expires_at: string;
            /** @description How it came here. */
            delivery: {
                /** @description How often the event was handed to a worker under a lease. */
                count: number;
                /** @description Whether the event was put back into the inbox after an acknowledgement. */
                replayed: boolean;
            };
            /**
             * @description Names your lease; send it when you settle the event.
             * @example 0c94d7f2-635b-4a81-9e3c-5b2d8e41c07a
             */
            lease_token: string;
            /**
             * Format: date-time
             * @description When the event becomes free for others, unless you settle it.
             */
            lease_expires_at: string;
        };
        ListedEvent: {
            /**
             * @description The same at every delivery: drop what you have handled before by it.
             * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
             */
            event_id: string;
            /**
             * @description As it was sent.
             * @example order.created
             */
            event_type: string;
            /**
             * Format: date-time
             * @description When it happened, as it was sent, in UTC; else when we received it.
             */
            timestamp: string;
            /** @description The bytes that were sent. For data of a CloudEvent that is no JSON object, see `cloudevent`. */
            payload: {
                [key: string]: unknown;
            };
            /** @description As it was sent. */
            metadata: {
                [key: string]: string;
            } | null;
            /** @description The `traceparent` header with which it was sent. */
            trace_parent: string | null;
            /** @description Only of an event that came as a CloudEvent: its attributes as they were sent, but for `type`, which is `event_type`. `subject`, `time`, `dataschema`, `datacontenttype` and extensions are there when they were sent. */
            cloudevent?: {
                /**
                 * @description The version of CloudEvents.
                 * @constant
                 */
                specversion: "1.0";
                /**
                 * @description The id that its sender gave it.
                 * @example A234-1234-1234
                 */
                id: string;
                /**
                 * @description Where it happened; with `id` the name of the event.
                 * @example /shops/eu
                 */
                source: string;
                /**
                 * @description JSON pointer to the data. `/payload` when the data is a JSON object; `/payload/data` for any other JSON and for text, `/payload/data_base64` for bytes, because a payload is always an object; null when there is no data.
                 * @enum {string|null}
                 */
                data_at: "/payload" | "/payload/data" | "/payload/data_base64" | null;
            } & {
                [key: string]: string | number | boolean;
            };
            /**
             * Format: date-time
             * @description When we received it.
             */
            received_at: string;
            /**
             * Format: date-time
             * @description When it leaves the inbox unacknowledged.
             */
            expires_at: string;
            /** @description How it came here. */
            delivery: {
                /** @description How often the event was handed to a worker under a lease. */
                count: number;
                /** @description Whether the event was put back into the inbox after an acknowledgement. */
                replayed: boolean;
            };
            /**
             * @description `pending`: free in the inbox. `leased`: with a worker, or on its way from its last one to the dead letters. `delayed`: released for later. `acknowledged`: settled for good. `dead_lettered`: among the dead letters. `expunged`: its payload was taken away.
             * @enum {string}
             */
            status: "pending" | "leased" | "delayed" | "acknowledged" | "dead_lettered" | "expunged";
        };
        Live: {
            /**
             * @description Always this.
             * @constant
             */
            status: "live";
        };
        NoOptions: Record<string, never> | null;
        /** @description What every refusal and failure looks like (RFC 9457). */
        Problem: {
            /**
             * Format: uri-reference
             * @description A page that says what to do. For exceeded limits the type that IANA has registered.
             */
            type: string;
            /** @description The kind of problem, the same text for the same code. */
            title: string;
            /** @description The HTTP status. */
            status: number;
            /** @description What was wrong with this request. For people; do not parse it. */
            detail: string;
            /**
             * Format: uri-reference
             * @description The path that was asked for.
             */
            instance: string;
            /**
             * @description The contract: decide by this. New codes may be added; treat an unknown one by its status.
             * @enum {string}
             */
            code: "invalid_json" | "validation_failed" | "invalid_parameter" | "invalid_cursor" | "empty_batch" | "batch_too_many" | "duplicate_event_in_request" | "idempotency_key_invalid" | "idempotency_key_mismatch" | "unknown_field" | "unsupported_specversion" | "json_too_deep" | "unauthenticated" | "forbidden" | "partner_suspended" | "event_not_found" | "job_not_found" | "route_not_found" | "method_not_allowed" | "not_acceptable" | "lease_lost" | "lease_limit" | "event_not_leased" | "job_in_progress" | "payload_expunged" | "payload_too_large" | "batch_too_large" | "unsupported_media_type" | "idempotency_key_reused" | "rate_limited" | "quota_exceeded" | "too_many_waits" | "too_many_leases" | "internal" | "unavailable";
            /** @description The same as `X-Request-Id`. Name it to support. */
            request_id: string;
            /** @description Whether the same request may succeed later. If false, change it first. */
            retryable: boolean;
            /** @description Which members or parameters are wrong. */
            errors?: components["schemas"]["FieldError"][];
            /** @description With `idempotency_key_reused`: the event that has the key. */
            original_event_id?: string;
            /** @description With `job_in_progress`: the job that has not finished. */
            job_id?: string;
            /** @description With status 429, the limit: `burst` and `monthly` as in `RateLimit-Policy`, `waits` for long polls and `leases` for leases at once, `address` for failed authentications. */
            "violated-policies"?: ("burst" | "monthly" | "waits" | "leases" | "address")[];
        };
        Ready: {
            /**
             * @description `not_ready` with status 503.
             * @enum {string}
             */
            status: "ready" | "not_ready";
            /** @description Why it is not ready. */
            reason?: string;
        };
        ReceiveBody: {
            /**
             * @description Events to lease; fewer come only when no more are free, or the answer would pass 4 MiB.
             * @default 10
             */
            max_events?: number;
            /**
             * @description How long the events are yours. Longer than your slowest handling; `extend` makes it longer still.
             * @default 60
             */
            lease_seconds?: number;
            /**
             * @description Seconds to wait for a first event when none is free.
             * @default 0
             */
            wait_seconds?: number;
            /**
             * @description Only these types; `order.*` is every type that begins with `order.`.
             * @example [
             *       "order.created",
             *       "customer.*"
             *     ]
             */
            event_types?: string[];
            /** @description Of your choice, printable ASCII without spaces, new for each receive: the same again within five minutes gives the same events and tokens. */
            receive_id?: string;
        };
        Received: {
            /** @description Oldest first. */
            events: components["schemas"]["LeasedEvent"][];
            /** @description Events in this answer. */
            count: number;
        };
        /** @description Either ids or a filter. */
        RedriveRequest: {
            /** @description The `event_id` of each. */
            event_ids: string[];
            /** @description At most so many events a second. Fewer than there are matches: a job does it. */
            max_per_second?: number;
            /**
             * @description Only count what matches; nothing is changed.
             * @default false
             */
            dry_run?: boolean;
        } | {
            /** @description All that matches; `{}` is every dead letter. */
            filter: {
                /**
                 * @description Only those that are there for this reason.
                 * @enum {string}
                 */
                reason?: "rejected" | "max_deliveries_exceeded";
                /**
                 * @description Only these types; `order.*` is every type that begins with `order.`.
                 * @example [
                 *       "order.created",
                 *       "customer.*"
                 *     ]
                 */
                event_types?: string[];
                /**
                 * Format: date-time
                 * @description Only those of this `dead_lettered_at` or a later one.
                 * @example 2026-11-24T00:00:00Z
                 */
                from?: string;
                /**
                 * Format: date-time
                 * @description Only those of an earlier `dead_lettered_at`.
                 * @example 2026-11-25T00:00:00Z
                 */
                to?: string;
            };
            /** @description At most so many events a second. Fewer than there are matches: a job does it. */
            max_per_second?: number;
            /**
             * @description Only count what matches; nothing is changed.
             * @default false
             */
            dry_run?: boolean;
        };
        Redriven: {
            /** @description Events that match. */
            matched: number;
            /** @description True when there are, or may be, more than `matched`: counting ends after 100,000, and after a second. */
            matched_at_least?: boolean;
            /** @description Events that are back in the inbox by this. */
            moved?: number;
            /** @description True when nothing was to be changed; there is no `moved` then. */
            dry_run?: boolean;
            /** @description Of the `event_ids`, those that are no dead letters of yours, or have expired. */
            unmatched?: string[];
        };
        RejectBody: {
            /** @description The `lease_token` with which the event came. Only the latest counts, also after its end; any other text is a lost lease. */
            lease_token?: string;
            /** @description Why, for whoever looks at the dead letters. */
            reason?: string;
        } | null;
        ReleaseBody: {
            /** @description The `lease_token` with which the event came. Only the latest counts, also after its end; any other text is a lost lease. */
            lease_token: string;
            /**
             * @description Seconds before it is given out again.
             * @default 0
             */
            delay_seconds?: number;
        };
        Released: {
            /**
             * @description The `event_id` of the event.
             * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
             */
            event_id: string;
            /**
             * @description It is, or will be, free for the next receive.
             * @constant
             */
            status: "released";
            /**
             * Format: date-time
             * @description From when on.
             */
            available_at: string;
        } | {
            /**
             * @description The `event_id` of the event.
             * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
             */
            event_id: string;
            /**
             * @description It is among the dead letters.
             * @constant
             */
            status: "dead_lettered";
            /**
             * @description Why it is there.
             * @enum {string}
             */
            reason: "rejected" | "max_deliveries_exceeded";
            /**
             * Format: date-time
             * @description Since when; a repetition does not move it.
             */
            dead_lettered_at: string;
            /** @description True when an earlier request had moved the event. */
            already_dead_lettered?: boolean;
        };
        ReplayBody: {
            /** @description All that matches. */
            filter: {
                /**
                 * Format: date-time
                 * @description Only events received at this time or later.
                 * @example 2026-11-24T00:00:00Z
                 */
                from: string;
                /**
                 * Format: date-time
                 * @description Only events received earlier than this.
                 * @example 2026-11-25T00:00:00Z
                 */
                to: string;
                /**
                 * @description Only these types; `order.*` is every type that begins with `order.`.
                 * @example [
                 *       "order.created",
                 *       "customer.*"
                 *     ]
                 */
                event_types?: string[];
                /**
                 * @description Where they are now; `any` is either. What is in the inbox never matches: it is there already.
                 * @default acknowledged
                 * @enum {string}
                 */
                status?: "acknowledged" | "dead_lettered" | "any";
            };
            /** @description At most so many, the oldest of those that match. */
            limit?: number;
            /** @description At most so many events a second. Fewer than there are matches: a job does it. */
            max_per_second?: number;
            /**
             * @description Only count what matches; nothing is changed.
             * @default false
             */
            dry_run?: boolean;
        };
        Replayed: {
            /** @description Events that match. */
            matched: number;
            /** @description True when there are, or may be, more than `matched`: counting ends after 100,000, and after a second. */
            matched_at_least?: boolean;
            /** @description Events that are back in the inbox by this. */
            moved?: number;
            /** @description True when nothing was to be changed; there is no `moved` then. */
            dry_run?: boolean;
        };
        RotateBody: {
            /**
             * @description How long the old key stays good: 0, an hour, a day or a week. 0 for a key that somebody else may have seen.
             * @default 86400
             * @enum {integer}
             */
            grace_seconds?: 0 | 3600 | 86400 | 604800;
        } | null;
        RotatedKey: {
            /**
             * @description The new key. It is shown this once.
             * @example sk_beta_acme_…
             */
            api_key: string;
            /** @description Its number; name it to support. */
            key_id: number;
            /** @description What is shown of it elsewhere. */
            key_prefix: string;
            /**
             * Format: date-time
             * @description As of the old key before; null: it does not expire.
             */
            expires_at: string | null;
            /** @description The key with which you called. */
            old_key: {
                /** @description Its number. */
                key_id: number;
                /**
                 * Format: date-time
                 * @description From then on it is refused.
                 */
                valid_until: string;
            };
        };
        SettleBody: {
            /** @description Handled: they do not come again. */
            acknowledge?: {
                /**
                 * @description The `event_id` of the event.
                 * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
                 */
                event_id: string;
                /** @description The `lease_token` with which the event came. Only the latest counts, also after its end; any other text is a lost lease. */
                lease_token?: string;
            }[];
            /** @description Not handled: they come again, at once or after a delay. */
            release?: {
                /**
                 * @description The `event_id` of the event.
                 * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
                 */
                event_id: string;
                /** @description The `lease_token` with which the event came. Only the latest counts, also after its end; any other text is a lost lease. */
                lease_token: string;
                /**
                 * @description Seconds before it is given out again.
                 * @default 0
                 */
                delay_seconds?: number;
            }[];
            /** @description Cannot be handled: they go to the dead letters. */
            reject?: {
                /**
                 * @description The `event_id` of the event.
                 * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
                 */
                event_id: string;
                /** @description The `lease_token` with which the event came. Only the latest counts, also after its end; any other text is a lost lease. */
                lease_token?: string;
                /** @description Why, for whoever looks at the dead letters. */
                reason?: string;
            }[];
            /** @description Not handled yet: the lease goes on. */
            extend?: {
                /**
                 * @description The `event_id` of the event.
                 * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
                 */
                event_id: string;
                /** @description The `lease_token` with which the event came. Only the latest counts, also after its end; any other text is a lost lease. */
                lease_token: string;
                /** @description Seconds from now; 12 hours from the receive at most. */
                lease_seconds: number;
            }[];
        };
        SettleResult: {
            /** @description How many are settled as asked, now or before. */
            settled: number;
            /** @description How many are not. */
            failed: number;
            /** @description One for each event: the lists in the order acknowledge, release, reject, extend. */
            results: {
                /**
                 * @description The list in which it stood.
                 * @enum {string}
                 */
                list: "acknowledge" | "release" | "reject" | "extend";
                /** @description Position in that list, from 0. */
                index: number;
                /** @description As it was sent. */
                event_id: string;
                /**
                 * @description What became of it.
                 * @enum {string}
                 */
                status: "acknowledged" | "released" | "dead_lettered" | "extended" | "failed";
                /**
                 * Format: date-time
                 * @description Of the first acknowledgement.
                 */
                acknowledged_at?: string;
                /** @description True when an earlier request had acknowledged the event. */
                already_acknowledged?: boolean;
                /**
                 * Format: date-time
                 * @description When a released event is free.
                 */
                available_at?: string;
                /** @description Why it is among the dead letters. */
                reason?: string;
                /**
                 * Format: date-time
                 * @description Since when it is there.
                 */
                dead_lettered_at?: string;
                /** @description True when an earlier request had moved the event. */
                already_dead_lettered?: boolean;
                /**
                 * Format: date-time
                 * @description The new end of an extended lease.
                 */
                lease_expires_at?: string;
                /** @description Why it failed. */
                error?: {
                    /**
                     * @description As the `code` of a problem document.
                     * @example event_not_found
                     */
                    code: string;
                    /** @description What to do. For people; do not parse it. */
                    detail: string;
                    /** @description Whether the same may succeed later. */
                    retryable: boolean;
                };
            }[];
        };
        Usage: {
            /**
             * @description The calendar month, UTC.
             * @example 2026-11
             */
            month: string;
            /** @description New events in this month; duplicates and refused ones do not count. */
            events_accepted: number;
            /** @description Newly accepted events in the month. */
            monthly: {
                /** @description What you have. */
                limit: number;
                /** @description What is left of it. */
                remaining: number;
                /** @description Seconds until there is more. */
                reset_seconds: number;
            };
            /** @description Requests at once. */
            burst: {
                /** @description What you have. */
                limit: number;
                /** @description What is left of it. */
                remaining: number;
                /** @description Seconds until there is more. */
                reset_seconds: number;
            };
            /** @description Every limit of the API, sizes in bytes and times in seconds. */
            limits: {
                [key: string]: number;
            };
        };
    };
    responses: never;
    parameters: {
        /**
         * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
         * @example checkout-7f3a2b91
         */
        RequestId: string;
        /**
         * @description Makes a retry safe: the same key and content is stored once and answered with the first `event_id`. 1 to 255 printable ASCII characters, bare or in double quotes. It belongs to the partner, not to the API key, and is remembered for at least 24 hours and for as long as the event.
         * @example order_001-created
         */
        IdempotencyKey: string;
        /**
         * @description Makes a retry of the whole batch safe: with the header `K`, item i has the key `K:i`. Send the same items in the same order. 1 to 251 printable ASCII characters, bare or in double quotes.
         * @example nightly-2026-11-24
         */
        BatchIdempotencyKey: string;
        /**
         * @description W3C trace context. Kept with the event and given back as `trace_parent`; one that is not valid is ignored.
         * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
         */
        TraceParent: string;
        /**
         * @description Makes the body the data of a CloudEvent in binary mode.
         * @example 1.0
         */
        CeSpecversion: string;
        /**
         * @description Needed there. The same for every attempt to send the event.
         * @example order_001-created
         */
        CeId: string;
        /**
         * @description Needed there. Where it happened, a URI-reference.
         * @example /shops/eu
         */
        CeSource: string;
        /**
         * @description Needed there. What happened: becomes `event_type`.
         * @example order.created
         */
        CeType: string;
        /**
         * @description When it happened, RFC 3339: becomes `timestamp`.
         * @example 2026-11-24T10:30:00Z
         */
        CeTime: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listEvents: {
        parameters: {
            query?: {
                /** @description Only events that are in this state now. */
                status?: "pending" | "leased" | "delayed" | "acknowledged" | "dead_lettered" | "expunged";
                /**
                 * @description Up to 20 types, separated by commas; `order.*` is every type that begins with `order.`.
                 * @example order.*
                 */
                event_type?: string;
                /**
                 * @description Only events received at or after it.
                 * @example 2026-11-24T10:00:00Z
                 */
                from?: string;
                /**
                 * @description Only events received before it.
                 * @example 2026-11-24T11:00:00Z
                 */
                to?: string;
                /**
                 * @description The one event that holds this key. Not together with `order=asc`.
                 * @example order_001-created
                 */
                idempotency_key?: string;
                /**
                 * @description `desc`: newest first, for looking back. `asc`: in an order in which nothing ever appears behind your cursor, for following along.
                 * @example desc
                 */
                order?: "desc" | "asc";
                /**
                 * @description Events on the page, at most. With a filter there may be fewer, even none, and `has_more` true.
                 * @example 100
                 */
                limit?: number;
                /** @description `next_cursor` of the page before. */
                cursor?: string;
            };
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of events. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsPage"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    postEvent: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes a retry safe: the same key and content is stored once and answered with the first `event_id`. 1 to 255 printable ASCII characters, bare or in double quotes. It belongs to the partner, not to the API key, and is remembered for at least 24 hours and for as long as the event.
                 * @example order_001-created
                 */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /**
                 * @description W3C trace context. Kept with the event and given back as `trace_parent`; one that is not valid is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["TraceParent"];
                /**
                 * @description Makes the body the data of a CloudEvent in binary mode.
                 * @example 1.0
                 */
                "ce-specversion"?: components["parameters"]["CeSpecversion"];
                /**
                 * @description Needed there. The same for every attempt to send the event.
                 * @example order_001-created
                 */
                "ce-id"?: components["parameters"]["CeId"];
                /**
                 * @description Needed there. Where it happened, a URI-reference.
                 * @example /shops/eu
                 */
                "ce-source"?: components["parameters"]["CeSource"];
                /**
                 * @description Needed there. What happened: becomes `event_type`.
                 * @example order.created
                 */
                "ce-type"?: components["parameters"]["CeType"];
                /**
                 * @description When it happened, RFC 3339: becomes `timestamp`.
                 * @example 2026-11-24T10:30:00Z
                 */
                "ce-time"?: components["parameters"]["CeTime"];
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description The event. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["EventBody"];
            };
        };
        responses: {
            /** @description Stored, now or by an earlier request with the same idempotency key. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventAccepted"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    postEventsBatch: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Makes a retry of the whole batch safe: with the header `K`, item i has the key `K:i`. Send the same items in the same order. 1 to 251 printable ASCII characters, bare or in double quotes.
                 * @example nightly-2026-11-24
                 */
                "Idempotency-Key"?: components["parameters"]["BatchIdempotencyKey"];
                /**
                 * @description W3C trace context. Kept with the event and given back as `trace_parent`; one that is not valid is ignored.
                 * @example 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
                 */
                traceparent?: components["parameters"]["TraceParent"];
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description The events. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchRequest"];
            };
        };
        responses: {
            /** @description Every event is stored. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchResult"];
                };
            };
            /** @description Some events failed; the others are stored. */
            207: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchResult"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getInbox: {
        parameters: {
            query?: {
                /**
                 * @description Events on the page; fewer come only when there are no more, or the page would pass 4 MiB.
                 * @example 100
                 */
                limit?: number;
                /** @description `next_cursor` of the page before, to walk one pass. A polling loop starts without one. */
                cursor?: string;
                /**
                 * @description Seconds to wait for a first event when there is none.
                 * @example 0
                 */
                wait?: number;
                /**
                 * @description Up to 20 types, separated by commas; `order.*` is every type that begins with `order.`.
                 * @example order.created,customer.*
                 */
                event_type?: string;
                /**
                 * @description Also show events that a worker holds under a lease, or has released with a delay.
                 * @example false
                 */
                include_leased?: boolean;
            };
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of events; an empty inbox is 200 too. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InboxPage"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    acknowledgeEvent: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                /**
                 * @description The `event_id`. One that is unknown, expired or of another partner is answered 404, always alike.
                 * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
                 */
                id: string;
            };
            cookie?: never;
        };
        /** @description Nothing, or the token of a lease. Members that are not known are refused, so that a typo cannot pass unnoticed. */
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AcknowledgeBody"];
            };
        };
        responses: {
            /** @description Acknowledged, now or before. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Acknowledged"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    acknowledgeEvents: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description The ids, each once. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["AcknowledgeRequest"];
            };
        };
        responses: {
            /** @description Every event is acknowledged. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcknowledgeBatchResult"];
                };
            };
            /** @description Some ids failed; the others are acknowledged. */
            207: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcknowledgeBatchResult"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    receiveEvents: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description Every member has a default. Members that are not known are refused. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReceiveBody"];
            };
        };
        responses: {
            /** @description The leased events; when none is free, 200 too. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Received"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    releaseEvent: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                /**
                 * @description The `event_id`. One that is unknown, expired or of another partner is answered 404, always alike.
                 * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
                 */
                id: string;
            };
            cookie?: never;
        };
        /** @description The token of the lease. Members that are not known are refused. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReleaseBody"];
            };
        };
        responses: {
            /** @description Given back. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Released"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rejectEvent: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                /**
                 * @description The `event_id`. One that is unknown, expired or of another partner is answered 404, always alike.
                 * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
                 */
                id: string;
            };
            cookie?: never;
        };
        /** @description Nothing, or a token and a reason. Members that are not known are refused. */
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RejectBody"];
            };
        };
        responses: {
            /** @description It is a dead letter. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLettered"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    extendLease: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                /**
                 * @description The `event_id`. One that is unknown, expired or of another partner is answered 404, always alike.
                 * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
                 */
                id: string;
            };
            cookie?: never;
        };
        /** @description The token and the seconds. Members that are not known are refused. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExtendBody"];
            };
        };
        responses: {
            /** @description The lease goes on. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Extended"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    settleEvents: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description At least one event in one of the lists, each event once. Members that are not known are refused. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["SettleBody"];
            };
        };
        responses: {
            /** @description Every event is settled. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettleResult"];
                };
            };
            /** @description Some failed; the others are settled. */
            207: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettleResult"];
                };
            };
            /** @description An error. */
            default: {
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
                /**
                 * @description Dead letters on the page; fewer come only when there are no more, or the page would pass 4 MiB.
                 * @example 100
                 */
                limit?: number;
                /** @description `next_cursor` of the page before. It is good for the same `reason` and `event_type`. */
                cursor?: string;
                /** @description Only those that are there for this reason. */
                reason?: "rejected" | "max_deliveries_exceeded";
                /**
                 * @description Up to 20 types, separated by commas; `order.*` is every type that begins with `order.`.
                 * @example order.created,customer.*
                 */
                event_type?: string;
            };
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of dead letters; none is 200 too. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterPage"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getDeadLetter: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                /**
                 * @description The `event_id`. One that is unknown, expired or of another partner is answered 404, always alike.
                 * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The dead letter. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetter"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteDeadLetter: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                /**
                 * @description The `event_id`. One that is unknown, expired or of another partner is answered 404, always alike.
                 * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeadLetterDeleted"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    redriveDeadLetter: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                /**
                 * @description The `event_id`. One that is unknown, expired or of another partner is answered 404, always alike.
                 * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
                 */
                id: string;
            };
            cookie?: never;
        };
        /** @description Nothing, or an empty object. Members that are not known are refused. */
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NoOptions"];
            };
        };
        responses: {
            /** @description It is in the inbox, by this request or before. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackInInbox"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    redriveDeadLetters: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description Either `event_ids` or `filter`. Members that are not known are refused. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["RedriveRequest"];
            };
        };
        responses: {
            /** @description They are back in the inbox, or counted. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Redriven"];
                };
            };
            /** @description They are too many for one request, or for one second of `max_per_second`: a job moves them. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobStarted"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replayEvent: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                /**
                 * @description The `event_id`. One that is unknown, expired or of another partner is answered 404, always alike.
                 * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
                 */
                id: string;
            };
            cookie?: never;
        };
        /** @description Nothing, or an empty object. Members that are not known are refused. */
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NoOptions"];
            };
        };
        responses: {
            /** @description It is in the inbox, by this request or before. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackInInbox"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replayEvents: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description A filter with both times. Members that are not known are refused. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplayBody"];
            };
        };
        responses: {
            /** @description They are back in the inbox, or counted. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replayed"];
                };
            };
            /** @description They are too many for one request, or for one second of `max_per_second`: a job moves them. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobStarted"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getJob: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                /**
                 * @description The `job_id`. One that is unknown, forgotten or of another partner is answered 404, always alike.
                 * @example job_01a20d1c-17a3-7000-8e55-1f0c7a9be2d4
                 */
                job_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getEvent: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                /**
                 * @description The `event_id`. One that is unknown, expired or of another partner is answered 404, always alike.
                 * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The event. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventDetails"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    expungePayload: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path: {
                /**
                 * @description The `event_id`. One that is unknown, expired or of another partner is answered 404, always alike.
                 * @example evt_01a20d1a-f4bb-7000-9f3c-5b2d8e41c07a
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The payload is gone. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Expunged"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getInboxStats: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The counts. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InboxStats"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getAccount: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Account"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    patchAccount: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description At least one member. Members that are not known are refused. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccountPatch"];
            };
        };
        responses: {
            /** @description The account as it is now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Account"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getUsage: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Use and limits. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Usage"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rotateKey: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        /** @description Nothing, for a day of grace. Members that are not known are refused. */
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RotateBody"];
            };
        };
        responses: {
            /** @description The new key. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RotatedKey"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Everything is well. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Something is not well. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHealthUnversioned: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Everything is well. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Something is not well. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getLive: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It lives. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Live"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getReady: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Send requests here. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
            /** @description Send requests elsewhere. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getOpenApi: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for the request, to find it in your logs and ours. One that is not well formed is replaced, not refused.
                 * @example checkout-7f3a2b91
                 */
                "X-Request-Id"?: components["parameters"]["RequestId"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The document. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        openapi: string;
                        info: Record<string, never>;
                        paths: Record<string, never>;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description An error. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
