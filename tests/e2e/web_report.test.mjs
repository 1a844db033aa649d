// creel export --format html: one file that is read anywhere, runs nothing, and is imported as it was.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { Browser, hasBrowser } from './lib/chromium.mjs';
import { World, waitFor } from './lib/harness.mjs';
import { fill, line } from './lib/web.mjs';

const HOSTILE = '</script><script>document.title="hit"</script><img src=x onerror=alert(1)><!--<script>';
const axe = readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
let w, file, text;
before(async () => {
	w = new World();
	await fill(w, [line(1, { body: JSON.stringify({ a: HOSTILE }), headers: [['X-Note', HOSTILE], ['Authorization', 'Bearer sesame-open-12345']] }), line(2, { status: 500, body: Buffer.from([0, 255, 1, 10, 13]) }), line(3, { status: 0 })]);
	file = w.path('report.html');
	const r = await w.run('creel', ['export', 'id:1..3', '-o', file]);
	assert.equal(r.code, 0, r.err);
	text = readFileSync(file, 'utf8');
});
after(() => w?.close());

const ndjson = async (world) => (await world.run('creel', ['export', 'id:1..3', '--format', 'ndjson'])).text.trim().split('\n').map(JSON.parse);

describe('the report', () => {
	it('is one file of the owner’s, that may load and run nothing', () => {
		assert.equal(statSync(file).mode & 0o777, 0o600);
		assert.ok(!/<(?:link|img|iframe|object|base)\b/i.test(text.replaceAll(/&lt;|\\u003c/g, '')));
		const [, hash] = /content="default-src 'none'; style-src 'sha256-([^']+)'"/.exec(text);
		assert.equal(hash, createHash('sha256').update(/<style>([^]*?)<\/style>/.exec(text)[1]).digest('base64'));
		assert.equal(text.match(/<script/g).length, 3);
		assert.equal(text.match(/<script type="application\/json" class="creel-delivery">/g).length, 3);
		assert.ok(text.includes('As curl'));
	});
	it('creel report writes the same, by its name', async () => {
		const r = await w.run('creel', ['report', 'id:1..3', '-o', w.path('named.html')]);
		assert.equal(r.code, 0, r.err);
		assert.equal(readFileSync(w.path('named.html'), 'utf8'), text);
		assert.equal((await w.run('creel', ['report', 'id:1..3', '-o', w.path('named.html')])).code, 2, 'the file is there already');
		assert.equal((await w.run('creel', ['report', '2', '--force', '-o', w.path('named.html')])).code, 0);
		assert.doesNotMatch((await w.run('creel', ['report', 'id:1', '--redact'])).text, /sesame/);
		assert.equal((await w.run('creel', ['report', 'path:/nowhere'])).code, 1);
		const none = await w.run('creel', ['report']);
		assert.equal(none.code, 2);
		assert.match(none.err, /creel report status:5xx -o failed\.html/);
	});
	it('is imported again exactly', async () => {
		const other = new World();
		try {
			assert.equal((await other.run('creel', ['import', file])).code, 0);
			const strip = (d) => ({ ...d, origin: undefined, signature: undefined });
			assert.deepEqual((await ndjson(other)).map(strip), (await ndjson(w)).map(strip));
		} finally {
			await other.close();
		}
	});
	it('another page is refused with a sentence', async () => {
		writeFileSync(w.path('other.html'), '<!doctype html><title>x</title>');
		const r = await w.run('creel', ['import', w.path('other.html')]);
		assert.equal(r.code, 2);
		assert.match(r.err, /it is a web page/);
	});
	it('--redact takes secrets out of all of it', async () => {
		const out = await w.run('creel', ['export', 'id:1', '--format', 'html', '--redact']);
		assert.doesNotMatch(out.text, /sesame/);
		assert.match(out.text, /redacted: secrets were taken out/);
	});
	it('in a browser: read, nothing runs, axe finds nothing', { skip: !hasBrowser && 'no browser here' }, async () => {
		// From a server instead of file://, which has no name that a test could ask for; the policy is the file's own.
		const server = createServer((request, response) => response.setHeader('Content-Type', 'text/html').end(text));
		await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
		const b = await Browser.start(w);
		try {
			await b.visit(`http://127.0.0.1:${server.address().port}/`);
			assert.match(await b.text(), /#1 .*200 OK/);
			assert.equal(await b.eval('document.title'), 'creel report');
			assert.equal(await b.eval(`getComputedStyle(document.querySelector('dl')).display`), 'grid');
			await b.say('Runtime.evaluate', { expression: axe });
			const found = await waitFor('axe', () => b.eval(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then((r) => JSON.stringify(r.violations.map((v) => v.id + ' ' + v.nodes[0].html.slice(0, 200))))`));
			assert.deepEqual(JSON.parse(found), []);
		} finally {
			await b.close();
			server.close();
		}
	});
});
