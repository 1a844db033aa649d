// What a body says, however it is coded and wrapped: found by list, wait and replay, its event told, shown and compared.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { binDir, waitFor } from './lib/harness.mjs';
import { post } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';
import { Terminal } from './lib/tmux.mjs';
import { startWeb } from './lib/web.mjs';

const JSON_TYPE = 'Content-Type: application/json', FORM = 'Content-Type: application/x-www-form-urlencoded';
const SLACK = ['X-Slack-Signature: v0=00', 'X-Slack-Request-Timestamp: 1'], STRIPE = 'Stripe-Signature: t=1,v1=00';
const form = (fields) => new URLSearchParams(fields).toString();
const utf16 = (text) => Buffer.from(`\ufeff${text}`, 'utf16le');
const latin1 = (text) => Buffer.from(text, 'latin1');

// name: body, header lines, provider, event
const sent = {
	gzip: [gzipSync('{"id":"gz1","type":"invoice.paid"}'), [JSON_TYPE, 'Content-Encoding: gzip', STRIPE], 'stripe', 'invoice.paid'],
	br: [brotliCompressSync('{"id":"br1","type":"t"}'), [JSON_TYPE, 'Content-Encoding: br']],
	deflate: [deflateSync('{"id":"de1","type":"t"}'), [JSON_TYPE, 'Content-Encoding: deflate']],
	twice: [brotliCompressSync(gzipSync('{"id":"tw1"}')), [JSON_TYPE, 'Content-Encoding: gzip, br']],
	slack: [form({ payload: '{"type":"block_actions","user":{"name":"Zo\u00eb \\"Z\\""}}' }), [FORM, ...SLACK], 'slack', 'block_actions'],
	command: [form({ command: '/deploy', text: 'now please' }), [FORM, ...SLACK], 'slack', '/deploy'],
	github: [form({ payload: '{"ref":"refs/heads/main"}' }), [FORM, 'X-GitHub-Event: push'], 'github', 'push'],
	mailgun: [form({ event: 'opened', timestamp: '1', token: 't', signature: 's'.repeat(64) }), [FORM], 'mailgun', 'opened'],
	parts: ['--b\r\nContent-Disposition: form-data; name="envelope"\r\n\r\n{"to":["a@example.com"]}\r\n--b--\r\n', ['Content-Type: multipart/form-data; boundary=b']],
	ndjson: ['{"n":1}\n{"n":2,"kind":"line"}\n', ['Content-Type: application/x-ndjson']],
	structured: ['{"specversion":"1.0","id":"ce-1","type":"com.example.made","data":{"v":1}}', ['Content-Type: application/cloudevents+json'], 'cloudevents', 'com.example.made'],
	binary: ['{"v":2}', ['Content-Type: application/json', 'ce-id: ce-2', 'ce-type: com.example.sent'], 'cloudevents', 'com.example.sent'],
	batch: ['[{"id":"ce-3","type":"com.example.a"},{"id":"ce-4","type":"com.example.b"}]', ['Content-Type: application/cloudevents-batch+json'], 'cloudevents', 'com.example.a'],
	sns: [JSON.stringify({ Type: 'Notification', TopicArn: 'arn:aws:sns:x', Message: '{"order":{"id":"o-1"}}' }), ['x-amz-sns-message-type: Notification', 'Content-Type: text/plain'], 'sns', 'Notification'],
	utf16: [utf16('{"type":"wide","city":"K\u00f6ln"}'), [JSON_TYPE, STRIPE], 'stripe', 'wide'],
	latin1: [latin1('Stra\u00dfe in D\u00dcSSELDORF'), ['Content-Type: text/plain; charset=ISO-8859-1']],
	cp1252: [Buffer.from([0x80, 0x20, 0x35]), ['Content-Type: text/plain; charset=windows-1252']],
	sjis: [Buffer.from([0x93, 0xfa, 0x96, 0x7b]), ['Content-Type: text/plain; charset=Shift_JIS']],
	paypal: ['charset=windows-1252&first_name=J%FCrgen', [FORM]],
	escaped: ['{"url":"https:\\/\\/example.com\\/h\\u00e9llo"}', [JSON_TYPE]],
	greek: ['{"t":"\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3 \u041c\u0418\u0420 \uff21\uff22"}', [JSON_TYPE]],
	exact3: ['{"i":9007199254740993,"one":1.0}', [JSON_TYPE]],
	exact2: ['{"i":9007199254740992,"one":1e0}', [JSON_TYPE]],
	twiceKey: ['{"k":"first","\\u006b":"last"}', [JSON_TYPE]],
	noJson: ['{"type":"x","k":"broken",}', [JSON_TYPE, STRIPE], 'stripe', null],
	marked: ['\ufeff{"bom":true}', [JSON_TYPE]],
	again: [gzipSync(gzipSync('{"id":"ag1"}')), [JSON_TYPE, 'Content-Encoding: gzip']],
	narrow: ['{"id":"na1"}', ['Content-Type: application/json; charset=utf-16']],
	xml: [latin1('<?xml version="1.0" encoding="ISO-8859-1"?><a>Universit\u00e4t</a>'), ['Content-Type: text/xml']],
	pubsub: [JSON.stringify({ message: { data: btoa('{"ps":"p1"}'), messageId: '1' }, subscription: 's' }), [JSON_TYPE]],
	inBase64: [JSON.stringify({ specversion: '1.0', id: 'ce-5', type: 'com.example.b64', data_base64: btoa('{"v":"b5"}') }), ['Content-Type: application/cloudevents+json'], 'cloudevents', 'com.example.b64'],
	codedPart: [`--b\r\nContent-Disposition: form-data; name="p"\r\nContent-Transfer-Encoding: base64\r\n\r\n${btoa('{"id":"cp1"}')}\r\n--b--\r\n`, ['Content-Type: multipart/form-data; boundary=b']],
	picture: ['--b\nContent-Disposition: form-data; name=f\n\n\x89PNG\0\n--b\nContent-Disposition: form-data; name=a\n\nbeside\n--b--\n', ['Content-Type: multipart/form-data; boundary=b']],
	untyped: [form({ payload: '{"id":"un1"}' }), []],
	amounts: ['amount=10.50&zip=0123', [FORM]],
};

const found = [
	['json:id=gz1', 'gzip'], ['body:gz1', 'gzip'], ['body:*z1*', 'gzip'], ['gz1', 'gzip'], ['event:invoice.*', 'gzip'], ['json:id=br1', 'br'],
	['json:id=de1', 'deflate'], ['json:id=tw1', 'twice'],
	['json:payload.type=block_actions', 'slack'], ['json:type=block_actions', 'slack'], ['event:block_actions', 'slack'], ['body:zo\u00cb', 'slack'],
	['body:"now please"', 'command'], ['json:text="now please"', 'command'], ['json:ref=refs/heads/*', 'github'], ['json:event=opened', 'mailgun'],
	['json:envelope.to.0=a@example.com', 'parts'], ['json:to[0]=a@example.com', 'parts'], ['json:n=2', 'ndjson'], ['json:kind=line', 'ndjson'],
	['json:data.v=1', 'structured'], ['json:type=com.example.b', 'batch'], ['json:[1].id=ce-4', 'batch'],
	['json:order.id=o-1', 'sns'], ['json:Message.order.id=O-1', 'sns'],
	['json:city=K\u00d6LN', 'utf16'], ['body:k\u00f6ln', 'utf16'], ['body:stra\u00dfe', 'latin1'], ['d\u00fcsseldorf', 'latin1'], ['body:*\u20ac*', 'cp1252'],
	['body:\u65e5\u672c', 'sjis'], ['json:first_name=j\u00fcrgen', 'paypal'],
	['body:https://example.com/H\u00c9LLO', 'escaped'], ['H\u00c9LLO', 'escaped'], ['body:/H\u00c9LL[o]/', 'escaped'],
	['body:\u03bf\u03b4\u03c5\u03c3\u03c3\u03b5\u03c5\u03c2', 'greek'], ['\u043c\u0438\u0440', 'greek'], ['json:t=*\uff41\uff42', 'greek'],
	['json:i=9007199254740993', 'exact3'], ['json:i=9007199254740992', 'exact2'], ['json:i>9007199254740992', 'exact3'],
	['json:one=1', 'exact3', 'exact2'], ['json:one=10E-1', 'exact3', 'exact2'], ['json:k=last', 'twiceKey'], ['json:k=first'], ['json:k=broken'],
	['json:bom=true', 'marked'], ['json:id=ag1', 'again'], ['json:id=na1', 'narrow'], ['body:UNIVERSIT\u00c4T', 'xml'], ['json:ps=p1', 'pubsub'],
	['json:message.data.ps=p1', 'pubsub'], ['json:data.v=b5', 'inBase64'], ['json:p.id=cp1', 'codedPart'], ['body:cp1', 'codedPart'], ['body:beside', 'picture'],
	['beside', 'picture'], ['json:payload.id=un1', 'untyped'], ['json:amount>10.4', 'amounts'], ['json:amount>10.5'], ['json:zip=0123', 'amounts'], ['json:zip=123'],
];

describe('what a body says', () => {
	let road;
	const id = {};
	before(async () => {
		road = await openRoad({ name: 'b' });
		for (const [name, [body, lines]] of Object.entries(sent)) {
			await post(road.relay.port, `/b/${name}`, body, lines);
			id[name] = (await road.w.recorded((r) => r.target === `/${name}` && r.state === 'delivered')).id;
		}
	});
	after(() => road?.w.close());

	const rows = async (...args) => (await road.w.creel(['list', '--json', ...args])).text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
	const finds = async (look) => {
		for (const [filter, ...names] of found)
			assert.deepEqual((await look(filter)).map((r) => r.id).sort((a, b) => a - b), names.map((n) => id[n]).sort((a, b) => a - b), filter);
	};

	it('tells provider and event', async () => {
		for (const r of await rows()) {
			const [, , provider, event] = sent[r.target.slice(1)];
			assert.deepEqual([r.target, r.provider ?? null, r.event_type ?? null], [r.target, provider ?? null, event ?? null]);
		}
	});

	it('list finds it, read from the record; the page by the index', async () => {
		await finds((filter) => rows('--', filter));
		await waitFor('the index', async () => {
			const { text } = await road.w.run('sqlite3', ['-readonly', road.w.path('data/creel/creel.db'), 'SELECT indexed FROM search_mark']);
			return Number(text) === Object.keys(sent).length;
		});
		const web = await startWeb(road.w);
		await finds(async (filter) => (await web.json(`/api/deliveries?limit=200&filter=${encodeURIComponent(filter)}`)).deliveries);
		await web.stop('SIGTERM');
	});

	it('wait and replay --where find it', async () => {
		const { w } = road;
		const waited = await w.creel(['wait', 'json:payload.type=block_actions', '--since', 'all', '--timeout', '20s', '--json']);
		assert.deepEqual([waited.code, JSON.parse(waited.text).id], [0, id.slack]);
		const replayed = await w.creelOut(['replay', '--json', '--where', 'json:i=9007199254740993']);
		assert.equal(JSON.parse(replayed).replay_of, id.exact3);
	});

	it('show --json has the bytes as they came, and the event', async () => {
		const shown = JSON.parse((await road.w.creel(['show', String(id.gzip), '--json'])).text);
		assert.equal(shown.event_type, 'invoice.paid');
		assert.equal(JSON.stringify(shown).includes(sent.gzip[0].toString('base64')), true);
	});

	it('diff compares what is said: charsets, and the fields of forms', async () => {
		const { w, relay } = road;
		const add = async (target, body, lines) => {
			await post(relay.port, `/b/${target}`, body, lines);
			return String((await w.recorded((r) => r.target === `/${target}`)).id);
		};
		const plain = await add('plain', '{"type":"wide","city":"Bonn"}', [JSON_TYPE]);
		const bodies = async (a, b) => JSON.parse((await w.creel(['diff', String(a), b, '--json'])).text).body;
		assert.deepEqual((await bodies(id.utf16, plain)).changes, [{ path: 'city', a: '"K\u00f6ln"', b: '"Bonn"' }]);
		const other = await add('slack2', form({ payload: '{"type":"view_closed","user":{"name":"Zo\u00eb \\"Z\\""}}' }), [FORM]);
		assert.deepEqual((await bodies(id.slack, other)).changes, [{ path: 'payload.type', a: '"block_actions"', b: '"view_closed"' }]);
	});

	it('the inspector shows it, under a note of what was undone', async () => {
		const t = await Terminal.start({ command: [path.join(binDir, 'creel'), 'ui', 'id:' + [id.sjis, id.utf16, id.paypal].join(',')], env: road.w.env });
		try {
			await t.until(/\/paypal/);
			await t.keys('Enter');
			await t.until(/first_name = J\u00fcrgen/);
			await t.keys('[');
			await t.until(/Shift_JIS, 4 bytes received, shown in UTF-8[\s\S]*\u65e5\u672c/);
			await t.keys('[');
			await t.until(/UTF-16LE, \d+ bytes received[\s\S]*"city": "K\u00f6ln"/);
			await t.keys('/');
			await t.type('K\u00d6LN');
			await t.keys('Enter');
			await t.until(/\/K\u00d6LN {2}1 of 1/);
		} finally {
			await t.close();
		}
	});
});
