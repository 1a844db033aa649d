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
		const nameless = await w.run('creel', ['report', '2', '-o', '']);
		assert.equal(nameless.code, 2);
		assert.match(nameless.err, /-o takes a file's name/);
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
	it('a body too long to copy: what is shown says so, and it comes back exactly', async () => {
		const one = new World(), other = new World();
		try {
			const long = Buffer.alloc(1_300_000, '<script>äö\n');
			await fill(one, [line(1, { body: long }), line(2)]);
			assert.equal((await one.run('creel', ['report', 'id:1..2', '-o', one.path('long.html')])).code, 0);
			const page = readFileSync(one.path('long.html'), 'utf8');
			assert.equal(page.match(/As curl/g).length, 1);
			assert.match(page, /the first 655\d\d of 1300000 bytes<\/p>.*too long for a command to copy: `creel import`/s);
			assert.equal((await other.run('creel', ['import', one.path('long.html')])).code, 0);
			assert.ok((await other.run('creel', ['export', '1', '--format', 'body'])).stdout.equals(long));
			// One that was cut off on its way is not taken for whole.
			for (const at of [-40, -2000]) {
				writeFileSync(one.path('cut.html'), page.slice(0, at));
				const cut = await one.run('creel', ['import', one.path('cut.html')]);
				assert.equal(cut.code, 2, cut.err);
				assert.match(cut.err, /cut\.html: line [12]: it is not JSON/);
			}
		} finally {
			await one.close();
			await other.close();
		}
	});
	it('the command that is copied out of the page is the one that export writes', async () => {
		const one = new World(), odd = ['plain', "quo'te \"double\" $HOME `id` \\ !x", '\u202ereversed\u202c \u200bzero \ufeff', 'caf\u00e9 \u0301 \u{1f600}', 'line\r\nline\ttab\n', '\u0085\u2028', '<b>&amp;</b>', Buffer.from([0, 1, 27, 255])];
		try {
			await fill(one, odd.map((body, i) => line(i + 1, { body, headers: [['X-Odd', typeof body === 'string' ? body.replaceAll(/[\r\n\t]/g, '') : 'x']] })));
			assert.equal((await one.run('creel', ['report', `id:1..${odd.length}`, '-o', one.path('odd.html')])).code, 0);
			const commands = [...readFileSync(one.path('odd.html'), 'utf8').matchAll(/As curl<\/summary><pre tabindex="0">([^]*?)<\/pre>/g)].map(([, c]) => c.replaceAll(/&(lt|gt|quot|#39|amp);/g, (_, e) => ({ lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' })[e]));
			for (const [i, command] of commands.entries()) assert.equal(command, (await one.run('creel', ['export', String(i + 1), '--format', 'curl'])).text, JSON.stringify(odd[i].toString()));
			assert.equal(commands.length, odd.length);
		} finally {
			await one.close();
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
