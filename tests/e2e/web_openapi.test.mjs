// The API's document is a valid one of OpenAPI 3.1, names each call that there is, and every answer is as it says; ngrok's
// calls answer the scripts that people have for them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { World, root, waitFor } from './lib/harness.mjs';
import { Receiver, post } from './lib/http.mjs';
import { ask as askOf, document } from './lib/openapi.mjs';
import { call, fill, line, startWeb } from './lib/web.mjs';

let w, web;
before(async () => {
	w = new World();
	await fill(w, [...Array(30).keys()].map((n) => line(n + 1, { status: n % 3 === 2 ? 500 : n % 5 === 4 ? 0 : 200 })));
	await fill(w, [line(100, { body: Buffer.from([0xff, 0, 1, 0xfe]) })]);
	web = await startWeb(w);
});
after(() => w?.close());

const ask = (template, target, options) => askOf(web, template, target, options);

describe('the document', () => {
	it('is valid, and served as it is', async () => {
		const result = await new Validator().validate(structuredClone(document));
		assert.ok(result.valid, JSON.stringify(result.errors));
		assert.deepEqual(await web.json('/api/openapi.json'), document);
	});
	it('has each call of the server, with its parameters, and no other', () => {
		const routes = [...readFileSync(path.join(root, 'client/web/web_routes.c'), 'utf8').matchAll(/\{ WEB_(\w+), "(\/api\/[^"]*)", "([^"]*)", (.*?) \}/gs)];
		const ours = routes.filter(([, , , , rest]) => !rest.includes('refuse')).map(([, method, pattern, params]) => `${method} ${pattern.replaceAll(/\/\*/g, '/{}')} ${params.trim().split(' ').filter(Boolean).sort().join(',')}`);
		const theirs = Object.entries(document.paths).flatMap(([p, methods]) => Object.entries(methods).map(([m, o]) => `${m.toUpperCase()} ${p.replaceAll(/\{\w+\}/g, '{}')} ${(o.parameters ?? []).filter((x) => x.in === 'query').map((x) => x.name).sort().join(',')}`));
		assert.deepEqual(theirs.filter((t) => !t.startsWith('GET /api/events')).sort(), ours.sort());
	});
});

describe('every answer is as it says', () => {
	it('of what is read', async () => {
		for (const [template, targets] of Object.entries({
			'/api/deliveries': ['', '?limit=5&filter=body%3Ainvoice', '?filter=x%3A', '?after=3&limit=2', '?order=-took', '?order=speed', '?ids=3,1'],
			'/api/count': ['', '?filter=state%3Afailed', '?filter=%22'],
			'/api/status': [''], '/api/actions': [''], '/api/filter': ['', '?text=sta', '?text=source%3A', '?text=%22'],
			'/api/stats': ['', '?by=event', '?step=0'], '/api/diff': ['?a=1&b=2', '?a=1'], '/api/tunnels': [''], '/api/requests/http': ['', '?limit=3'],
		})) for (const query of targets) await ask(template, template + query);
		for (const id of [1, 3, 5, 31, 999]) {
			await ask('/api/deliveries/{id}', `/api/deliveries/${id}`);
			await ask('/api/deliveries/{id}/request/body', `/api/deliveries/${id}/request/body`);
			await ask('/api/deliveries/{id}/response/body', `/api/deliveries/${id}/response/body`);
			await ask('/api/deliveries/{id}/request/body', `/api/deliveries/${id}/request/body?view=text`);
			await ask('/api/deliveries/{id}/response/body', `/api/deliveries/${id}/response/body?view=text`);
			await ask('/api/deliveries/{id}/raw/request', `/api/deliveries/${id}/raw/request`);
			await ask('/api/deliveries/{id}/raw/response', `/api/deliveries/${id}/raw/response`);
			await ask('/api/deliveries/{id}/find', `/api/deliveries/${id}/find?text=a`);
			await ask('/api/requests/http/{id}', `/api/requests/http/${id}`);
		}
		await ask('/api/tunnels/{name}', '/api/tunnels/nothing');
		await ask('/api/exports/{nonce}', '/api/exports/nothing');
		await ask('/api/replays/{id}', '/api/replays/1');
	});
	it('of what is done', async () => {
		const body = (value, method = 'POST') => ({ method, body: value });
		await ask('/api/deliveries/{id}/tags', '/api/deliveries/1/tags', body({ name: 'marked', set: true }));
		await ask('/api/deliveries/{id}/tags', '/api/deliveries/1/tags', body({ name: 'vip', set: true }));
		await ask('/api/deliveries/{id}/tags', '/api/deliveries/1/tags', body({ name: 'two words', set: true }));
		await ask('/api/deliveries/{id}/note', '/api/deliveries/1/note', body({ text: 'asked Ann' }));
		const labelled = await ask('/api/deliveries/{id}', '/api/deliveries/1');
		assert.deepEqual([labelled.tags, labelled.note], [['marked', 'vip'], 'asked Ann']);
		const [row] = (await ask('/api/deliveries', '/api/deliveries?filter=note%3Aann')).deliveries;
		assert.deepEqual([row.id, row.tags, row.note, row.host], [1, ['vip'], 'asked Ann', 'shop.example.dev']);
		await ask('/api/deliveries/{id}/note', '/api/deliveries/1/note', body({ text: '' }));
		await ask('/api/deliveries/{id}/note', '/api/deliveries/1/note', body({ text: 'x'.repeat(5000) }));
		assert.equal((await ask('/api/deliveries/{id}', '/api/deliveries/1')).note, null);
		await ask('/api/verify', '/api/verify', body({ delivery_id: 1, secret: 'x' }));
		await ask('/api/verify', '/api/verify', body({ delivery_id: 1, secret: 'whsec_x', provider: 'stripe', tried: true }));
		await ask('/api/verify', '/api/verify', body({ filter: 'id:1..3', secret: 'whsec_x', provider: 'stripe' }));
		await ask('/api/export', '/api/export', body({ ids: [1], format: 'har', preview: true, redact: true }));
		const { url } = await ask('/api/export', '/api/export', body({ filter: '', format: 'ndjson' }));
		await ask('/api/exports/{nonce}', url);
		const r = await ask('/api/replays', '/api/replays', body({ delivery_id: 1, to: '1' }));
		await ask('/api/replays/{id}', `/api/replays/${r.id}`);
		await ask('/api/replays/{id}', `/api/replays/${r.id}`, body({}, 'DELETE'));
		await ask('/api/replays', '/api/replays', body({ filter: '', confirm_count: 1 }));
		await ask('/api/replays', '/api/replays', body({ delivery_id: 1, to: 'http://192.0.2.1/' }));
		await ask('/api/deliveries', '/api/deliveries', body({ ids: [2], confirm_count: 1 }, 'DELETE'));
		await ask('/api/requests/http', '/api/requests/http', body({ id: 'x' }));
	});
});

describe('ngrok’s calls', () => {
	let app, client;
	after(() => app?.close());
	before(async () => {
		app = await Receiver.start();
		const relay = await w.startRelay();
		client = await w.startClient({ relay, target: app.port, name: 'shop', db: path.join(w.env.XDG_DATA_HOME, 'creel', 'creel.db') });
		await post(relay.port, '/shop/hooks?a=1', '{"hello":1}', ['Content-Type: application/json', 'X-Two: 1', 'X-Two: 2']);
	});
	it('tell the public URL to scripts without a token, and to no page', async () => {
		// curl -s localhost:4040/api/tunnels | jq -r .tunnels[0].public_url
		const { tunnels: [t] } = await waitFor('the tunnel', async () => {
			const a = JSON.parse((await call(web, '/api/tunnels', { token: false })).text);
			return a.tunnels.length && a;
		});
		assert.equal(t.public_url, client.url);
		assert.equal(t.name, 'shop');
		assert.match(t.config.addr, new RegExp(`:${app.port}`));
		await ask('/api/tunnels', '/api/tunnels');
		assert.deepEqual((await ask('/api/tunnels/{name}', '/api/tunnels/shop')).uri, t.uri);
		assert.equal(JSON.parse((await call(web, '/api/status', { token: false })).text).status, 'online');
		for (const headers of [{ Origin: web.base }, { 'Sec-Fetch-Site': 'same-origin' }, { 'Sec-Fetch-Mode': 'cors' }]) assert.equal((await call(web, '/api/tunnels', { token: false, headers })).status, 401);
		assert.equal((await call(web, '/api/requests/http', { token: false })).status, 401);
		for (const [method, target] of [['POST', '/api/tunnels'], ['DELETE', '/api/tunnels/shop'], ['DELETE', '/api/requests/http']]) assert.equal((await call(web, target, { method, body: {} })).status, 405);
	});
	it('--no-ngrok-api: not without a token', async () => {
		const other = await startWeb(w, ['--no-ngrok-api']);
		assert.equal((await call(other, '/api/tunnels', { token: false })).status, 401);
		assert.equal((await call(other, '/api/tunnels')).status, 200);
		await other.stop('SIGTERM');
	});
	it('show requests with their bytes, and replay one', async () => {
		const { requests: [r] } = await waitFor('the request', async () => {
			const a = await ask('/api/requests/http', '/api/requests/http?limit=1&tunnel_name=shop');
			return a.requests.length && a.requests[0].response && a;
		});
		assert.match(Buffer.from(r.request.raw, 'base64').toString(), /^POST \/hooks\?a=1 HTTP\/1\.1\r\n[^]*\r\n\r\n\{"hello":1\}$/);
		assert.deepEqual(Object.entries(r.request.headers).find(([n]) => /^x-two$/i.test(n))[1], ['1', '2']);
		assert.equal(r.response.status_code, 200);
		const before = app.requests.length;
		assert.equal((await call(web, '/api/requests/http', { method: 'POST', body: { id: r.id, tunnel_name: 'shop' } })).status, 204);
		await waitFor('the replay', () => app.requests.length > before);
	});
});
