// Which app gets a delivery, and whether one does: --route with filters, --only and --skip; and --answer, where there is no app.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, field, post, requestBytes, send } from './lib/http.mjs';

const json = (value) => JSON.stringify(value);
const JSON_TYPE = ['Content-Type: application/json'];
const stripe = (type, more = {}) => [json({ id: 'evt_1', object: 'event', type, data: { object: {} }, ...more }), [...JSON_TYPE, 'Stripe-Signature: t=1,v1=00']];
const github = (event) => [json({ action: 'opened' }), [...JSON_TYPE, `X-GitHub-Event: ${event}`, 'X-GitHub-Delivery: 1']];

/** What an app got, as the targets. */
const targets = (app) => app.requests.map((r) => r.target);

describe('--route with a filter', () => {
	let w, relay, main, invoices, rest, client;
	before(async () => {
		w = new World();
		relay = await w.startRelay();
		[main, invoices, rest] = [w.keep(await Receiver.start()), w.keep(await Receiver.start()), w.keep(await Receiver.start())];
		client = await w.startClient({ relay, target: main.port, name: 'shop', args: [
			'--route', `event:invoice.*=${invoices.port}`, '--route', `provider:stripe=${rest.port}`,
			'--route', `/api=${rest.port}`, '--route', `header:x-kind=a=b=${rest.port}`,
			'--route', `json:data.amount>100=${invoices.port}`,
			'--route', `"refund me" method:PUT=http://127.0.0.1:${rest.port}/base`] });
	});
	after(() => w?.close());

	const went = async (app, target, body, lines, method = 'POST') => {
		const answer = await send(relay.port, requestBytes(method, `/shop${target}`, ['Host: localhost', `Content-Length: ${Buffer.byteLength(body)}`, ...lines], body));
		assert.equal(answer.status, 200, answer.text);
		assert.ok(targets(app).includes(target), `${target}: ${[main, invoices, rest].map(targets).map(json)}`);
	};

	it('stand in creel status', async () => {
		const text = (await w.creel(['status'])).text;
		assert.match(text, /^ +route \/api=\d+$/m);
		assert.match(text, /^ +route event:invoice\.\*=\d+$/m);
		const row = JSON.parse((await w.creel(['status', '--json'])).text);
		assert.equal(row.routes.length, 6);
		assert.equal(row.routes[2], `/api=${rest.port}`);
	});

	it('by event, by provider, by header, by JSON, by words and method; else by path; else the target', async () => {
		await went(invoices, '/hooks/1', ...stripe('invoice.paid'));
		await went(rest, '/hooks/2', ...stripe('charge.refunded'));
		await went(main, '/hooks/3', ...github('issues'));
		await went(rest, '/hooks/4', 'x', ['X-Kind: a=b']);
		await went(main, '/hooks/5', 'x', ['X-Kind: other']);
		await went(invoices, '/hooks/6', json({ data: { amount: 101 } }), JSON_TYPE);
		await went(main, '/hooks/7', json({ data: { amount: 100 } }), JSON_TYPE);
		await went(rest, '/api/8', 'x', []);
		await went(main, '/apix/9', 'x', []);
	});

	it('a filter wins over a path, and the first filter over later ones', async () => {
		await went(invoices, '/api/first', ...stripe('invoice.created'));
		const before = rest.requests.length;
		const answer = await send(relay.port, requestBytes('PUT', '/shop/words', ['Host: localhost', 'Content-Length: 16'], 'please refund me'));
		assert.equal(answer.status, 200);
		assert.equal(rest.requests[before].target, '/base/words');
		await went(main, '/words', 'please refund me', []);
	});

	it('a body that is long and comes in pieces is judged as well', async () => {
		await went(invoices, '/long', json({ padding: 'x'.repeat(3 << 20), data: { amount: 500 } }), JSON_TYPE);
		await went(main, '/long-other', json({ padding: 'x'.repeat(3 << 20), data: { amount: 5 } }), JSON_TYPE);
	});

	it('what waited in the spool, and a replay, take the same way', async () => {
		await client.stop('SIGINT');
		assert.equal((await post(relay.port, '/shop/waited', ...stripe('invoice.voided'))).status, 202);
		client = await w.startClient({ relay, target: main.port, name: 'shop', args: ['--route', `event:invoice.*=${rest.port}`] });
		await rest.request((r) => r.target === '/waited');
		const { id } = await w.recorded((r) => r.target === '/hooks/1');
		const before = rest.requests.length;
		assert.equal((await w.creel(['replay', String(id)])).code, 0);
		assert.equal(rest.requests.length, before + 1);
	});

	it('held deliveries as well, those of an earlier run among them', async () => {
		await client.stop('SIGINT');
		const port = invoices.port;
		await invoices.close();
		const args = ['--hold', '--wait-for-target', '0s', '--route', `event:invoice.*=${port}`];
		client = await w.startClient({ relay, target: main.port, name: 'shop', args });
		assert.equal((await post(relay.port, '/shop/held', ...stripe('invoice.held'))).status, 502);
		await w.recorded((r) => r.target === '/held' && r.state === 'held');
		await client.stop('SIGINT');
		client = await w.startClient({ relay, target: main.port, name: 'shop', args });
		const back = w.keep(await Receiver.start({ port }));
		await back.request((r) => r.target === '/held');
		assert.ok(!targets(main).includes('/held'));
	});

	it('what cannot be judged, or is no filter, is refused with its place', async () => {
		for (const [args, says] of [
			[['--route', 'status:5xx=3000'], /--route 'status:5xx', column 1: status: is not known when a request comes/],
			[['--only', 'event:a took:>1s'], /--only .*column 9: took: is not known/],
			[['--skip', '-tag:marked'], /tag: is not known/],
			[['--route', 'evnt:a=3000'], /--route 'evnt:a', column 1: .*event/],
			[['--route', 'event:a'], /not \/path=PORT .* nor FILTER=PORT/],
			[['--route', '=3000'], /not \/path=PORT/],
			[['--skip', ''], /--skip takes a filter/],
		]) {
			const r = await w.creel(['listen', '3000', '--relay', 'http://127.0.0.1:9', ...args]);
			assert.equal(r.code, 2, r.err);
			assert.match(r.err, says);
		}
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('--only and --skip', () => {
	let w, relay, app, client;
	before(async () => {
		w = new World();
		relay = await w.startRelay();
		app = w.keep(await Receiver.start());
		client = await w.startClient({ relay, target: app.port, name: 'some', output: 'lines', args: ['--only', 'event:invoice.*', '--only', 'source:github', '--skip', 'event:invoice.upcoming'] });
	});
	after(() => w?.close());

	it('what is left out is answered 200, on record with the reason, and tagged; the app is not called', async () => {
		assert.equal((await post(relay.port, '/some/a', ...stripe('invoice.paid'))).text, 'ok');
		assert.equal((await post(relay.port, '/some/b', ...github('push'))).text, 'ok');
		for (const [target, event] of [['/c', 'charge.failed'], ['/d', 'invoice.upcoming']]) {
			const answer = await post(relay.port, `/some${target}`, ...stripe(event));
			assert.deepEqual([answer.status, answer.text], [200, ''], target);
		}
		assert.deepEqual(targets(app), ['/a', '/b']);
		const skipped = await waitFor('the tags', async () => {
			const rows = await w.list(10, { args: ['tag:skipped'] });
			return rows.length === 2 && rows;
		});
		assert.deepEqual(skipped.map((r) => [r.target, r.status, r.state]), [['/c', 200, 'delivered'], ['/d', 200, 'delivered']]);
		await waitFor('the lines', () => /none of --only/.test(client.stdout.toString()) && /--skip event:invoice.upcoming/.test(client.stdout.toString()));
	});

	it('what waited in the spool, and replays, obey the same; --to calls all the same', async () => {
		await client.stop('SIGINT');
		assert.equal((await post(relay.port, '/some/spooled', ...stripe('charge.failed'))).status, 202);
		client = await w.startClient({ relay, target: app.port, name: 'some', args: ['--skip', 'event:charge.*'] });
		const row = await w.recorded((r) => r.target === '/spooled' && r.status === 200);
		assert.ok(!targets(app).includes('/spooled'));
		assert.equal((await w.creel(['replay', String(row.id)])).code, 0);
		assert.ok(!targets(app).includes('/spooled'));
		assert.equal((await w.creel(['replay', String(row.id), '--to', String(app.port)])).code, 0);
		assert.ok(targets(app).includes('/spooled'));
	});

	it('--exec is not run for them', async () => {
		const file = w.path('ran');
		await w.startClient({ relay, target: app.port, name: 'run', args: ['--skip', 'event:charge.*', '--exec', `tee -a ${file}`] });
		await post(relay.port, '/run/skipped', ...stripe('charge.failed'));
		await post(relay.port, '/run/called', ...stripe('invoice.paid'));
		await waitFor('the command', async () => (await w.run('cat', [file])).text.includes('/called'));
		assert.ok(!(await w.run('cat', [file])).text.includes('/skipped'));
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('--answer', () => {
	let w, relay;
	before(async () => {
		w = new World();
		relay = await w.startRelay();
		writeFileSync(w.path('page.html'), '<!DOCTYPE html><p>hello');
		writeFileSync(w.path('bytes'), Buffer.from([0, 255, 1]));
	});
	after(() => w?.close());

	for (const [spec, status, type, body] of [
		['200', 200, undefined, ''],
		['204', 204, undefined, ''],
		['503:busy', 503, 'text/plain; charset=utf-8', 'busy'],
		['200:{"ok":true}', 200, 'application/json', '{"ok":true}'],
		['201: [1, 2]', 201, 'application/json', ' [1, 2]'],
		['200:{"ok":', 200, 'text/plain; charset=utf-8', '{"ok":'],
		['200:<?xml version="1.0"?><Response/>', 200, 'application/xml', '<?xml version="1.0"?><Response/>'],
		['200@page.html', 200, 'text/html; charset=utf-8', '<!DOCTYPE html><p>hello'],
		['418:@bytes', 418, 'application/octet-stream', '\0\xff\x01'],
		['@page.html', 200, 'text/html; charset=utf-8', '<!DOCTYPE html><p>hello'],
	])
		it(`${spec}: that status, that body, its type`, async () => {
			const name = `a${w.count}`;
			const client = await w.startClient({ relay, name, args: ['--answer', spec], cwd: w.dir });
			const answer = await post(relay.port, `/${name}/x`);
			assert.equal(answer.status, status);
			assert.equal(field(answer.lines, 'Content-Type'), type);
			assert.equal(answer.body.toString('latin1'), body);
			const row = await w.recorded((r) => r.tunnel === name && r.status === status);
			assert.equal(row.attempts, 1);
			const shown = await w.creelOut(['show', String(row.id), '--response', '--body']);
			assert.equal(shown.toString('latin1'), body);
			assert.equal((await client.stop('SIGINT')).code, 130);
		});

	it('--answer-delay waits, whoever else comes meanwhile; Ctrl-C answers what waits', async () => {
		const client = await w.startClient({ relay, name: 'slow', args: ['--answer', '200:late', '--answer-delay', '700ms'] });
		const since = Date.now();
		const answers = await Promise.all([1, 2, 3].map((i) => post(relay.port, `/slow/${i}`)));
		const took = Date.now() - since;
		assert.deepEqual(answers.map((a) => a.text), ['late', 'late', 'late']);
		assert.ok(took >= 700 && took < 4000, `${took} ms`);
		const row = await w.recorded((r) => r.target === '/1' && r.status === 200);
		assert.ok(row.duration_ms >= 690 && row.duration_ms < 4000, `${row.duration_ms} ms on record`);
		const last = post(relay.port, '/slow/last');
		await w.recorded((r) => r.target === '/last');
		client.signal('SIGINT');
		assert.equal((await last).text, 'late');
		assert.equal((await client.end()).code, 130);
	});

	it('HEAD gets no body, a WebSocket is turned down, and what waited in the spool is answered for the record', async () => {
		const client = await w.startClient({ relay, name: 'odd', args: ['--answer', '200:body'] });
		const head = await send(relay.port, requestBytes('HEAD', '/odd/x', ['Host: localhost']), { head: true });
		assert.deepEqual([head.status, head.body.length], [200, 0]);
		const upgrade = await send(relay.port, requestBytes('GET', '/odd/ws', ['Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']));
		assert.equal(upgrade.status, 200);
		await client.stop('SIGINT');
		assert.equal((await post(relay.port, '/odd/later')).status, 202);
		const second = await w.startClient({ relay, name: 'odd', args: ['--answer', '202'] });
		await w.recorded((r) => r.target === '/later' && r.status === 202 && r.state === 'delivered');
		await second.stop('SIGINT');
	});

	it('an answer of creel’s own has the phrase of its status, on record as well', async () => {
		for (const [status, phrase] of [[200, 'OK'], [404, 'Not Found'], [418, 'I\'m a teapot'], [503, 'Service Unavailable'], [299, '']]) {
			const client = await w.startClient({ relay, name: `phrase${status}`, args: ['--answer', String(status)] });
			assert.equal((await post(relay.port, `/phrase${status}/x`)).first, `HTTP/1.1 ${status} ${phrase}`);
			const { id } = await w.recorded((r) => r.tunnel === `phrase${status}` && r.status === status);
			assert.match((await w.creelOut(['show', String(id), '--response', '--raw'])).toString('latin1'), new RegExp(`^HTTP/1\\.1 ${status} ${phrase}\\r?\\n`));
			await client.stop('SIGINT');
		}
	});

	it('routes lead to apps, all else is answered', async () => {
		const app = w.keep(await Receiver.start());
		await w.startClient({ relay, name: 'mixed', args: ['--answer', '202:taken', '--route', `/app=${app.port}`] });
		assert.equal((await post(relay.port, '/mixed/app/x')).text, 'ok');
		assert.equal((await post(relay.port, '/mixed/x')).text, 'taken');
	});

	it('listen without a target records and answers 200, and says so once', async () => {
		const client = await w.startClient({ relay, name: 'none', output: 'lines' });
		for (const i of [1, 2]) assert.deepEqual([(await post(relay.port, `/none/${i}`)).status, (await post(relay.port, `/none/${i}`)).text], [200, '']);
		assert.equal(client.err.match(/no app is named: what arrives is recorded and answered 200/g).length, 1);
		const { id } = await w.recorded((r) => r.tunnel === 'none' && r.status === 200 && r.state === 'delivered');
		const { text } = await w.creel(['status']);
		assert.match(text, /--answer 200/);
		// It is nobody's URL: commands and tests lead to this machine, and a replay asks nothing.
		const curl = await w.creelOut(['export', String(id), '--format', 'curl']);
		assert.match(curl.toString(), / http:\/\/localhost\/[12]$/m);
		assert.match((await w.creelOut(['export', String(id), '--format', 'pytest'])).toString(), /or "http:\/\/localhost"/);
		assert.equal((await w.creel(['replay', String(id)])).code, 0);
	});

	it('dev takes it as well', async () => {
		const ready = w.path('dev-ready');
		const dev = w.spawn('creel', ['dev', '--port', '0', '--answer', '200:{"dev":1}', '--ready-file', ready, '--output', 'lines', '--db', w.path('dev.db')]);
		const url = new URL(await w.fileFrom(dev, ready));
		const answer = await post(Number(url.port), `${url.pathname}/x`);
		assert.deepEqual([answer.status, answer.text], [200, '{"dev":1}']);
		assert.equal((await dev.stop('SIGINT')).code, 130);
	});

	it('what is no answer is refused', async () => {
		for (const [args, says] of [
			[['--answer', '99'], /status from 200 to 599/], [['--answer', '101'], /200 to 599/], [['--answer', '600'], /200 to 599/],
			[['--answer', 'ok'], /200 to 599/], [['--answer', '200ok'], /200 to 599/], [['--answer', '2000'], /200 to 599/],
			[['--answer', '204:x'], /status 204 has no body/], [['--answer', '200@no-such'], /no-such cannot be read: No such file/],
			[['3000', '--answer', '200'], /either/], [['--answer', '200', '--hold'], /--hold needs an app/],
			[['3000', '--answer-delay', '1s'], /--answer-delay/],
		]) {
			const r = await w.creel(['listen', '--relay', 'http://127.0.0.1:9', ...args]);
			assert.equal(r.code, 2, `${args}: ${r.err}`);
			assert.match(r.err, says);
		}
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
