/** The package against a running portal: `tests/live/test_typescript_library.py` says where that is. */

import assert from "node:assert/strict";
import { openAsBlob } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { AccessRefused, FileCursor, follow, MemoryCursor, NoStream, NotGenuine, Portal, Refused, Webhook } from "../dist/lib/index.js";

const { PORTAL_URL, STREAM_URL, CLIENT_ID, CLIENT_SECRET, ROLLOUT_ID } = process.env;
const [own, other, foreign, ...more] = process.env.GUIDS.split(",");
const rollout = Number(ROLLOUT_ID);
const calls = [];
const counting = (answers = []) => async (request) => {
  calls.push(new URL(request.url).pathname);
  const next = new URL(request.url).pathname === "/oauth/token" ? undefined : answers.shift();
  if (next instanceof Error) throw next;
  return next ?? fetch(request);
};
const portalBy = (options = {}) => new Portal(PORTAL_URL, CLIENT_ID, CLIENT_SECRET, { streamUrl: STREAM_URL, ...options });
const portal = portalBy();

test("lists are read to their end", async () => {
  const paged = await all(portal.each("/api/v1/estate", { limit: 3 }));
  const streamed = await all(portal.estate());
  const { data } = await portal.api.GET("/api/v1/rollouts/{rollout_id}", { params: { path: { rollout_id: rollout } } });

  assert.equal(paged.length, 16);
  assert.deepEqual(streamed.map((hub) => hub.guid), paged.map((hub) => hub.guid));
  assert.equal(data.id, rollout);
});

test("a file is tried, then instructed in chunks, and its receipt followed up", async () => {
  const file = join(await mkdtemp(join(tmpdir(), "hubs-")), "hubs.csv");
  await writeFile(file, `guid\n${own}\n${other}\n${foreign}\nnonsense\n`);
  const hubs = await openAsBlob(file);

  const tried = await portal.dryRun(rollout, hubs);
  const given = await portal.finished(await portal.instruct(rollout, hubs, { key: "ts-1" }));
  const again = await portal.instruct(rollout, hubs, { key: "ts-1" });

  assert.deepEqual([tried.accepted, tried.rejected], [2, 2]);
  assert.deepEqual([given.accepted, given.rejected, given.reference], [2, 2, again.reference]);
  assert.deepEqual((await all(portal.instructionHubs(given.reference))).map((hub) => hub.guid), [own, other]);
  assert.deepEqual((await all(portal.rejections(given.reference))).map((line) => line.reason), ["UNKNOWN_DEVICE", "MALFORMED_ID"]);
});

test("what is refused says why", async () => {
  await assert.rejects(portal.instruct(rollout, [more[0]], { key: "ts-1" }), (failure) => failure instanceof Refused && failure.code === "idempotency_key_reused");
  await assert.rejects(portal.request("/api/v1/rollouts/999999"), (failure) => failure.status === 404 && failure.requestId !== "");
});

test("the same events come by poll and by stream, from a cursor that is kept", async () => {
  const file = join(await mkdtemp(join(tmpdir(), "cursor-")), "position");
  const polled = await first(follow(portal, new FileCursor(file), { limit: 2 }), 2);
  const streamed = await first(follow(portal, new MemoryCursor(0), { by: "stream" }), 3);

  const events = polled.flatMap((batch) => batch.events);
  assert.deepEqual(events.slice(0, 3).map((event) => event.id), ["1", "2", "3"]);
  assert.deepEqual(streamed.map((batch) => batch.events[0].id), ["1", "2", "3"]);
  assert.equal(await new FileCursor(file).load(), polled[0].position);
});

test("where there is no stream it says so", async () => {
  await assert.rejects(first(follow(portalBy({ streamUrl: PORTAL_URL }), new MemoryCursor(0), { by: "stream" }), 1), NoStream);
});

test("webhooks are managed and their calls verified", async () => {
  let received;
  const arrived = new Promise((resolve) => (received = resolve));
  const server = createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    response.writeHead(204).end();
    received([request.headers, Buffer.concat(pieces)]);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}/`;

  const { data: made } = await portal.api.POST("/api/v1/webhooks", { body: { name: "CRM", url } });
  await portal.instruct(rollout, [more[1]]);
  const [headers, body] = await arrived;
  server.close();

  const events = new Webhook(["whsec_b2xkZXI=", made.secret]).events(headers, body);
  assert.ok(events.length > 0 && events.every((event) => event.specversion === "1.0"));
  assert.throws(() => new Webhook([made.secret]).events({ ...headers, "webhook-timestamp": "1" }, body), NotGenuine);
  assert.throws(() => new Webhook(["whsec_b2xkZXI="]).events(headers, body), NotGenuine);
});

test("a dead secret is shown once", async () => {
  calls.length = 0;
  const dead = new Portal(PORTAL_URL, CLIENT_ID, "wrong", { fetch: counting() });
  for (let turn = 0; turn < 10; turn++) await assert.rejects(first(follow(dead, new MemoryCursor()), 1), AccessRefused);

  assert.deepEqual(calls, ["/oauth/token"]);
});

test("429 is waited out, and what is not safe is not sent again", async () => {
  const busy = () => new Response(null, { status: 429, headers: { "Retry-After": "0" } });
  calls.length = 0;
  const given = await portalBy({ fetch: counting([busy(), busy()]) }).instruct(rollout, [more[2]]);
  const waited = calls.length;
  calls.length = 0;
  const lost = new TypeError("gone");
  await assert.rejects(portalBy({ fetch: counting([lost]) }).dryRun(rollout, [more[2]]), TypeError);

  assert.deepEqual([given.accepted, waited, calls.length], [1, 4, 2]);
});

async function all(items) {
  const list = [];
  for await (const item of items) list.push(item);
  return list;
}

async function first(items, number) {
  const list = [];
  for await (const item of items) {
    list.push(item);
    if (list.length === number) break;
  }
  return list;
}
