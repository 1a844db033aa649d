// --answer-challenges: handshakes are answered by the client itself, marked on the record; all else goes to the app.
import assert from 'node:assert/strict';
import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { waitFor } from './lib/harness.mjs';
import { openRoad } from './lib/road.mjs';

const SECRET = 'zoom secret';
const hmac = (text) => createHmac('sha256', SECRET).update(text).digest('hex');
const TOPIC = 'https://www.youtube.com/xml/feeds/videos.xml?channel_id=UC1';
const discord = generateKeyPairSync('ed25519');
const discordKey = discord.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
const json = (value, headers = {}) => ({ method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) });

describe('listen --answer-challenges', () => {
	let road, base, app;
	before(async () => {
		app = [];
		const args = ['--answer-challenges', '--websub-topic', TOPIC, ...['zoom=env:ZOOM', 'meta=env:META', 'slack=env:ZOOM', 'discord=env:DISCORD', 'front=env:ZOOM', 'xero=env:ZOOM',
			'braintree=env:BRAINTREE'].flatMap((s) => ['--secret', s])];
		road = await openRoad({ name: 'hands', clientArgs: args, clientEnv: { ZOOM: SECRET, META: 'ours', DISCORD: discordKey, BRAINTREE: 'public0\nprivate0' }, answer: (request, socket) => {
			app.push(request.target);
			socket.write('HTTP/1.1 202 X\r\nContent-Length: 3\r\n\r\napp');
		} });
		base = `http://127.0.0.1:${road.relay.port}/hands`;
	});
	after(() => road?.w.close());

	/** What the sender got, and the record of it. */
	async function ask(path, options) {
		const res = await fetch(base + path, options);
		const text = await res.text();
		const row = await road.w.recorded((r) => r.target === path && (r.state === 'delivered' || r.state === 'failed'));
		return { status: res.status, text, headers: res.headers, row };
	}

	async function answered(name, path, options, expected, wanted = 200) {
		const { status, text, headers, row } = await ask(path, options);
		assert.equal(status, wanted);
		assert.equal(text, expected);
		assert.equal(headers.get('x-content-type-options'), 'nosniff');
		assert.ok(!app.includes(path), 'the app was not called');
		assert.equal(row.status, wanted);
		const shown = JSON.parse(await road.w.creelOut(['show', String(row.id), '--json']));
		assert.equal(shown.response.body ?? '', expected);
		const found = (await road.w.creelOut(['list', '--json', `tag:"challenge:${name}"`])).toString('utf8');
		assert.ok(found.includes(row.event_id), `tagged challenge:${name}`);
		return headers;
	}

	it('Slack', () => answered('slack', '/slack', json({ type: 'url_verification', token: 't', challenge: '3eZbrw1aB' }), '3eZbrw1aB'));
	it('Zoom', () => answered('zoom', '/zoom', json({ event: 'endpoint.url_validation', payload: { plainToken: 'qgg8vlvZRS6UYooatFL8Aw' } }),
		JSON.stringify({ plainToken: 'qgg8vlvZRS6UYooatFL8Aw', encryptedToken: hmac('qgg8vlvZRS6UYooatFL8Aw') })));
	it('Meta', () => answered('meta', '/meta?hub.mode=subscribe&hub.verify_token=ours&hub.challenge=1158201444', {}, '1158201444'));
	it('Twitch', () => answered('twitch', '/twitch', json({ challenge: 'pogchamp-kappa' }, { 'twitch-eventsub-message-type': 'webhook_callback_verification' }), 'pogchamp-kappa'));
	it('Dropbox', () => answered('dropbox', '/dropbox?challenge=abc', {}, 'abc'));
	it('Asana', async () => {
		const headers = await answered('asana', '/asana', json({}, { 'x-hook-secret': 'b537207f20cbfa02357cf448134da559' }), '');
		assert.equal(headers.get('x-hook-secret'), 'b537207f20cbfa02357cf448134da559');
	});

	it('Microsoft Graph', () => answered('microsoft-graph', '/graph?validationToken=Validation%3A%20Testing%26more', { method: 'POST', headers: { 'content-type': 'text/plain' } }, 'Validation: Testing&more'));
	it('Event Grid, its own schema', () => answered('azure-eventgrid', '/grid', json([{ data: { validationCode: '512d38b6-c7b8-40c8', validationUrl: 'https://example.com/' } }],
		{ 'aeg-event-type': 'SubscriptionValidation' }), '{"validationResponse":"512d38b6-c7b8-40c8"}'));
	it('Event Grid, CloudEvents', async () => {
		const headers = await answered('azure-eventgrid', '/cloud', { method: 'OPTIONS', headers: { 'webhook-request-origin': 'eventgrid.azure.net' } }, '');
		assert.deepEqual([headers.get('webhook-allowed-origin'), headers.get('webhook-allowed-rate')], ['eventgrid.azure.net', '*']);
	});
	it('Okta', () => answered('okta', '/okta', { headers: { 'x-okta-verification-challenge': 'abc123' } }, '{"verification":"abc123"}'));
	it('Monday', () => answered('monday', '/monday', json({ challenge: '3eZbrw1aBm2rZgRNFdxV' }), '{"challenge":"3eZbrw1aBm2rZgRNFdxV"}'));
	it('WebSub: a topic that was named', () => answered('websub', `/hub?hub.mode=subscribe&hub.challenge=c1&hub.topic=${encodeURIComponent(TOPIC)}`, {}, 'c1'));
	it('Braintree', () => {
		const asked = 'd1c3a4f7e4a84b3f8a4f1b2c3d4e5f60';
		const key = createHash('sha1').update('private0').digest();
		return answered('braintree', `/braintree?bt_challenge=${asked}`, {}, `public0|${createHmac('sha1', key).update(asked).digest('hex')}`);
	});
	it('Trello and Intercom: a HEAD that they send', async () => {
		await answered('trello', '/trello', { method: 'HEAD' }, '');
		await answered('intercom', '/head', { method: 'HEAD', headers: { 'user-agent': 'intercom-webhooks/1.0' } }, '');
	});
	it('a HEAD where a secret for Trello is at hand', async () => {
		const other = await openRoad({ name: 'board', clientArgs: ['--answer-challenges', '--secret', 'trello=env:TRELLO'], clientEnv: { TRELLO: 'the secret' } });
		try {
			assert.equal((await fetch(`http://127.0.0.1:${other.relay.port}/board/hook`, { method: 'HEAD' })).status, 200);
			await other.w.recorded((r) => r.target === '/hook' && r.state === 'delivered');
			assert.match((await other.w.creelOut(['list', 'tag:"challenge:trello"'])).toString('utf8'), /\/hook/);
			await other.w.endsCleanly();
		} finally {
			await other.w.close();
		}
	});
	it('Notion: its token is shown, for it is the key from now on', async () => {
		await answered('notion', '/notion', json({ verification_token: 'secret_1c5b7004153d4a6b' }), '');
		await waitFor('the token to be shown', () => road.client.err.includes('signs from now on: secret_1c5b7004153d4a6b'));
	});
	it('Salesforce', async () => {
		const { status, text } = await ask('/salesforce', { method: 'POST', headers: { 'content-type': 'text/xml', soapaction: '""' },
			body: '<soapenv:Envelope><notifications xmlns="http://soap.sforce.com/2005/09/outbound"/></soapenv:Envelope>' });
		assert.equal(status, 200);
		assert.match(text, /<Ack>true<\/Ack>/);
	});

	const ping = (body, key = discord.privateKey) => json(body, { 'x-signature-timestamp': '1764000000',
		'x-signature-ed25519': sign(null, Buffer.from(`1764000000${JSON.stringify(body)}`), key).toString('hex') });
	it('Discord: an answer for what holds, 401 for what does not', async () => {
		await answered('discord', '/discord', ping({ type: 1, id: '1' }), '{"type":1}');
		await answered('discord', '/discord-events', ping({ version: 1, type: 0 }), '', 204);
		await answered('discord', '/discord-forged', ping({ type: 1, id: '1' }, generateKeyPairSync('ed25519').privateKey), '', 401);
	});
	it('Front: only what is signed', () => {
		const body = JSON.stringify({ type: 'sync' });
		const at = String(Date.now());
		return answered('front', '/front', { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-front-challenge': 'abc',
			'x-front-request-timestamp': at, 'x-front-signature': createHmac('sha256', SECRET).update(`${at}:${body}`).digest('base64') } }, '{"challenge":"abc"}');
	});
	it('Xero: 200 or 401, as its intent to receive is signed', async () => {
		const body = JSON.stringify({ events: [], firstEventSequence: 0, lastEventSequence: 0, entropy: 'S0' });
		const signed = (secret) => ({ method: 'POST', body, headers: { 'content-type': 'application/json', 'x-xero-signature': createHmac('sha256', secret).update(body).digest('base64') } });
		await answered('xero', '/xero', signed(SECRET), '');
		await answered('xero', '/xero-forged', signed('another'), '', 401);
	});

	it('what is none, or not ours, goes to the app', async () => {
		for (const [path, options] of [
			['/m?hub.mode=subscribe&hub.verify_token=theirs&hub.challenge=1', {}],
			['/z', json({ event: 'endpoint.url_validation', payload: { plainToken: `v0:${Math.floor(Date.now() / 1000)}:{}` } })],
			['/hub?hub.mode=subscribe&hub.challenge=c1&hub.topic=https%3A%2F%2Fexample.com%2F', {}],
			['/okta-post', json({}, { 'x-okta-verification-challenge': 'a' })],
			['/front-forged', json({ type: 'sync' }, { 'x-front-challenge': 'a' })],
			['/monday-event', json({ challenge: 'a', event: { type: 'b' } })],
			['/s', json({ type: 'event_callback', challenge: 'x' })],
			['/forged', json({ type: 'url_verification', challenge: 'x' }, { 'x-slack-signature': `v0=${hmac('x')}`, 'x-slack-request-timestamp': '1' })],
			['/page', { method: 'HEAD' }],
			['/twitch-event', json({ challenge: 'a', subscription: {} }, { 'twitch-eventsub-message-type': 'notification' })],
			['/dropbox-post?challenge=abc', json({ list_folder: { accounts: [] } })],
			['/asana-event', json({ events: [] }, { 'x-hook-signature': 'ab' })],
			['/graph-event', json({ value: [{ validationToken: 'a' }] })],
			['/grid-event', json([{ data: { validationCode: 'a' } }], { 'aeg-event-type': 'Notification' })],
			['/cors', { method: 'OPTIONS', headers: { origin: 'https://example.com', 'access-control-request-method': 'POST' } }],
			['/notion-event', json({ verification_token: 'secret_1', type: 'page.created' })],
			['/braintree-post?bt_challenge=d1c3a4f7e4a84b3f8a4f1b2c3d4e5f60', json({})],
			['/salesforce-other', { method: 'POST', headers: { 'content-type': 'text/xml', soapaction: '""' }, body: '<Envelope><notifications xmlns="http://example.com/other"/></Envelope>' }],
			['/discord-command', ping({ type: 2, id: '1', data: { name: 'x' } })],
			['/sns', json({ Type: 'SubscriptionConfirmation', SubscribeURL: `${base}/fetched` }, { 'x-amz-sns-message-type': 'SubscriptionConfirmation' })],
		]) {
			const { status, text } = await ask(path, options);
			assert.deepEqual([status, text], [202, options.method === 'HEAD' ? '' : 'app']);
			assert.ok(app.includes(path));
		}
		assert.ok(!app.includes('/fetched'), 'a SubscribeURL of elsewhere is never fetched');
	});

	it('an SNS subscription: its URL is fetched, from that host and over TLS', async () => {
		const asked = [];
		// A proxy that lets nobody through sees where the client wants to go.
		const proxy = http.createServer();
		proxy.on('connect', (req, socket) => {
			asked.push(req.url);
			socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
		});
		proxy.listen(0, '127.0.0.1');
		await once(proxy, 'listening');
		const sns = await openRoad({ name: 'sns', clientArgs: ['--answer-challenges'], clientEnv: { HTTPS_PROXY: `http://127.0.0.1:${proxy.address().port}` } });
		const res = await fetch(`http://127.0.0.1:${sns.relay.port}/sns/in`, json({ Type: 'SubscriptionConfirmation',
			SubscribeURL: 'https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1' }, { 'x-amz-sns-message-type': 'SubscriptionConfirmation' }));
		assert.deepEqual([res.status, await res.text()], [200, '']);
		await waitFor('the outcome to be told', () => /SNS subscription could not be confirmed/.test(sns.client.err));
		assert.deepEqual(asked, ['sns.eu-west-1.amazonaws.com:443']);
		await sns.w.endsCleanly();
		await sns.w.close();
		proxy.close();
	});

	it('without the option all goes to the app', async () => {
		const plain = await openRoad({ name: 'plain', answer: (request, socket) => socket.write('HTTP/1.1 202 X\r\nContent-Length: 3\r\n\r\napp') });
		const res = await fetch(`http://127.0.0.1:${plain.relay.port}/plain/slack`, json({ type: 'url_verification', challenge: 'x' }));
		assert.deepEqual([res.status, await res.text()], [202, 'app']);
		await plain.w.endsCleanly();
		await plain.w.close();
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});
