// What one reads in the page and takes away from it: cookies, character sets, a line that the address names, a view of
// its own for a delivery, the tunnel that is away, and curl commands, which are run and send the same again.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import path from 'node:path';
import { promisify } from 'node:util';
import { hasBrowser } from './lib/chromium.mjs';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, requestBytes, send } from './lib/http.mjs';
import { Page } from './lib/page.mjs';
import { fill, line, startWeb } from './lib/web.mjs';

const shell = (text) => promisify(execFile)('/bin/sh', ['-c', text], { timeout: 20_000 });
const jwt = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${Buffer.from('{"sub":"cus_7"}').toString('base64url')}.c2ln`;

describe('in the page', { skip: !hasBrowser && 'no browser here' }, () => {
	let w, web, page;
	const panel = `document.querySelector('#panel').innerText`, line3 = `document.querySelector('#panel .l.cur')`;
	before(async () => {
		w = new World();
		await fill(w, [
			line(1, { headers: [['Content-Type', 'application/json'], ['Cookie', `session=open-sesame; theme=dark;token=${jwt}`]], body: '{"a":{"b":[1,2]},"c":3}' }),
			line(2, { headers: [['Content-Type', 'text/plain']], body: Buffer.from('93fa967b8cea', 'hex') }),
			line(3, { headers: [['Content-Type', 'text/plain']], body: [...Array(2000).keys()].map((n) => `line ${n + 1}`).join('\n') }),
		]);
		web = await startWeb(w);
		page = await Page.start(w, web);
		await page.size(1440, 900);
	});
	after(async () => {
		await page?.close();
		await w?.close();
	});

	it('cookies are named one by one; their values, and tokens in them, are shown when asked for', async () => {
		await page.open('/d/1');
		const cookies = `document.querySelector('dl[aria-label="Cookies"]')`;
		await page.until('the cookies', `[...${cookies}.querySelectorAll('dt')].map((n) => n.innerText).join() === 'session,theme,token'`);
		assert.doesNotMatch(await page.eval(`document.body.innerText`), /open-sesame|dark/);
		await page.js(`for (const b of ${cookies}.querySelectorAll('button')) b.click()`);
		const text = await page.eval(`${cookies}.innerText`);
		assert.match(text, /open-sesame[^]*dark[^]*token, not verified: [^]*cus_7/);
	});

	it('another character set is chosen from a menu', async () => {
		await page.open('/d/2');
		const menu = `document.querySelector('select[aria-label="Character set"]')`;
		await page.until('the menu', menu);
		await page.js(`${menu}.value = 'shift_jis'; ${menu}.dispatchEvent(new Event('change'));`);
		await page.until('the text', `${panel}.includes('日本語')`);
		await page.js(`${menu}.value = 'utf-16be'; ${menu}.dispatchEvent(new Event('change'));`);
		await page.until('another text', `${panel}.includes('鏺')`);
		await page.js(`${menu}.value = ''; ${menu}.dispatchEvent(new Event('change'));`);
		await page.until('what it was', `!${panel}.includes('鏺')`);
	});

	it('a line is named by the address, and names itself there', async () => {
		await page.open('/d/3?line=1500');
		await page.until('the line', `${line3}?.innerText.includes('line 1500')`);
		assert.ok(await page.js(`const r = ${line3}.getBoundingClientRect(); return r.top > 0 && r.bottom <= innerHeight;`), 'it is seen');
		await page.js(`${line3}.previousSibling.querySelector('.g').click()`);
		await page.until('the address', `location.search === '?line=1499'`);
		await page.open('/d/1?line=4');
		await page.until('the line of JSON', `${line3}?.innerText.includes('1') && ${line3}.dataset.line === '4'`);
		await page.js(`${line3}.closest('.tree').focus()`);
		await page.press('ArrowDown');
		await page.until('the next in the address', `location.search === '?line=5'`);
	});

	it('split=off gives a delivery, and the list, the whole width', async () => {
		await page.open('/d/1?split=off');
		await page.until('the delivery', `document.querySelector('#detail h1')`);
		const wide = `document.querySelector('#detail').clientWidth`;
		assert.deepEqual([await page.eval(`getComputedStyle(document.querySelector('#list')).display`), await page.eval(wide)], ['none', 1440]);
		await page.js(`document.querySelector('#detail .back').click()`);
		await page.until('the list alone', `location.pathname === '/' && document.querySelector('#detail').hidden && document.querySelector('#list').clientWidth > 1400`);
		for (const [key, split] of [['-', null], ['_', 'below'], ['_', null], ['-', 'off']]) {
			await page.press(key);
			await page.until(`split ${split}`, `new URLSearchParams(location.search).get('split') === ${JSON.stringify(split)}`);
		}
	});
});

describe('in the page, by keys', { skip: !hasBrowser && 'no browser here' }, () => {
	let w, web, page;
	before(async () => {
		w = new World();
		await fill(w, [line(1, { method: 'PUT', target: '/old' }), line(2, { target: '/new?x=1' }), ...[...Array(30).keys()].map((n) => line(n + 3, { target: `/many/${n % 12}` }))]);
		web = await startWeb(w);
		page = await Page.start(w, web);
		await page.size(1440, 900);
	});
	after(async () => {
		await page?.close();
		await w?.close();
	});
	const query = (name) => `new URLSearchParams(location.search).get('${name}')`;

	it('a comparison names both request lines', async () => {
		await page.open('/diff/1/2');
		await page.until('both lines', `document.querySelector('.diff').textContent.startsWith('Request line- PUT /old+ POST /new?x=1')`);
	});

	it('a comparison is searched and its long lines wrapped, as in the terminal; the overview has the times that t says', async () => {
		await page.open('/diff/1/2');
		await page.until('it', `document.querySelector('.diff .l')`);
		const now = `[...document.querySelectorAll('.now')].map((n) => n.textContent)`;
		await page.press('n');
		await page.until('the first hunk', `${now}.join() === 'Request line'`);
		const find = async (text) => {
			await page.eval(`window.prompt = () => ${JSON.stringify(text)}, 0`);
			await page.press('/');
		};
		await find('NEW?X');
		await page.until('the line', `${now}.join() === '+ POST /new?x=1' && ${query('find')} === 'NEW?X'`);
		await find('nowhere');
		await page.until('that it is not there', `document.querySelector('#said').innerText === 'not found'`);
		await find(null); // thought better of
		await page.until('that it stays', `${query('find')} === 'nowhere'`);
		const wraps = `getComputedStyle(document.querySelector('.diff')).whiteSpace`;
		assert.equal(await page.eval(wraps), 'pre');
		await page.press('w');
		assert.equal(await page.eval(wraps), 'pre-wrap');
		await page.open('/d/1?view=hex');
		await page.until('bytes', `document.querySelector('.hex .l')`);
		await page.press('w');
		assert.equal(await page.eval(`getComputedStyle(document.querySelector('.hex')).whiteSpace`), 'pre', 'bytes stay in their columns');

		await page.b.say('Emulation.setTimezoneOverride', { timezoneId: 'Asia/Kolkata' });
		await page.open('/overview?span=1h');
		const peak = `document.querySelector('.leg .cur').innerText.slice(0, 5)`;
		await page.until('the chart', peak);
		const local = await page.eval(peak);
		await page.press('t');
		await page.until('UTC', `${peak} !== ${JSON.stringify(local)}`);
		await page.b.say('Emulation.setTimezoneOverride', { timezoneId: '' });
	});

	it('t and w leave what is being edited alone', async () => {
		await page.open('/d/1');
		await page.until('it', `document.querySelector('#tab-request')`);
		await page.press('e');
		await page.until('the text', `document.querySelector('#edit-head')`);
		await page.js(`document.querySelector('#edit-head').value = 'GET /mine HTTP/1.1'; document.activeElement.blur()`);
		for (const key of ['t', 'w']) await page.press(key);
		assert.equal(await page.eval(`document.querySelector('#edit-head')?.value`), 'GET /mine HTTP/1.1');
		await page.eval(`window.confirm = () => true, 0`);
		await page.press('Escape');
	});

	it('| gives the list 40, 50 or 60 %; the order is kept for the next time', async () => {
		await page.open('/');
		for (const share of ['40%', '50%', '60%', '40%']) {
			await page.press('|');
			assert.equal(await page.eval(`document.querySelector('#list').style.getPropertyValue('--share')`), share);
		}
		await page.press('v');
		await page.until('newest last', `${query('order')} === 'old'`);
		await page.open('/');
		await page.until('newest last again', `/newest last/.test(document.querySelector('#fol').innerText)`);
		await page.press('v');
		await page.until('newest first', `${query('order')} === null`);
	});

	it('help says what the keys do here, and names none that is the browser’s', async () => {
		for (const [target, words] of [['/', ['the delivery alone, or with the list', '40, 50, 60 %']], ['/d/1', ['whether the signature holds']], ['/overview', ['bars of a shorter time', 'by provider, event, path or status']]]) {
			await page.open(target);
			await page.press('?');
			await page.until('help', `document.querySelector('dialog[open]')`);
			const text = await page.eval(`document.querySelector('dialog').innerText`);
			for (const word of words) assert.ok(text.includes(word), `${target}: ${word}`);
			assert.doesNotMatch(text, /\bF\d+\b|C-[wzlcofb]\b|140 columns|your editor/, target);
		}
	});

	it('hits are counted as one goes through them, and the one that one is at looks different', async () => {
		await page.open('/d/2?find=n');
		await page.until('the hits', `/\\d hits/.test(document.querySelector('.hits')?.innerText)`);
		await page.press('n');
		await page.until('the first', `/^1\\/\\d/.test(document.querySelector('.hits').innerText) && document.querySelectorAll('mark.now').length === 1`);
		await page.press('n');
		await page.until('the second', `/^2\\/\\d/.test(document.querySelector('.hits').innerText) && document.querySelectorAll('mark.now').length === 1`);
		await page.press('<');
		await page.until('folded', `document.querySelector('.tree [aria-expanded=false]')`);
		await page.press('>');
		await page.until('unfolded', `!document.querySelector('.tree [aria-expanded=false]')`);
	});

	it('more than eight of a kind are shown when asked for; many are sent where one says', async () => {
		await page.open('/overview?by=path&span=1h');
		const rows = `document.querySelectorAll('[aria-label="By path"] tbody tr').length`;
		await page.until('eight', `${rows} === 8`);
		await page.js(`[...document.querySelectorAll('[aria-label="By path"] button')].find((b) => / more$/.test(b.innerText)).click()`);
		await page.until('all', `${rows} === 14`);
		await page.open('/?filter=path%3A%2Fmany%2F1');
		await page.until('the count', `/ of 32/.test(document.querySelector('#cnt').innerText)`);
		await page.press('R');
		await page.until('the sheet', `document.querySelector('dialog[open] #edit-to')`);
		await page.js(`document.querySelector('#edit-to').value = '1'; [...document.querySelectorAll('dialog button')].find((b) => b.innerText === 'Send').click()`);
		await page.until('how it went', `/failed/.test(document.querySelector('#strip').innerText) && /Close/.test(document.querySelector('#strip').innerText)`);
		const last = await web.json('/api/deliveries?limit=1');
		assert.ok(last.deliveries[0].replay_of);
		assert.match((await web.json(`/api/deliveries/${last.deliveries[0].id}`)).all_attempts[0].url, /:1\//);
	});

	it('a delivery of which a part is not there is gone, as one that was deleted is', async () => {
		await promisify(execFile)('python3', ['-c', 'import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\nc.execute("delete from message where id = 5 * 4096")\nc.commit()', path.join(w.env.XDG_DATA_HOME, 'creel/creel.db')]);
		const a = await web.call('/d/5');
		assert.equal(a.status, 404);
		assert.match(a.text, /was deleted or pruned/);
		await page.open('/d/5');
		await page.until('gone', `/deleted or pruned/.test(document.querySelector('#detail').innerText)`);
	});

	it('what is shown when asked for alone is not in the page before', async () => {
		await fill(w, [line(99, { headers: [['Authorization', 'Bearer open-sesame'], ['Cookie', 'a=open-sesame']] })]);
		const { deliveries } = await web.json('/api/deliveries?limit=1');
		const { text } = await web.call(`/d/${deliveries[0].id}`);
		assert.match(text, /Authorization<\/dt><dd>••••/);
		assert.doesNotMatch(text, /open-sesame/);
	});

	it('figures: [ and ] from anywhere, b goes on to another, and each step goes into the history', async () => {
		await page.open('/overview?span=1h');
		await page.until('the chart', `document.querySelector('svg.ch')`);
		await page.js(`document.activeElement.blur()`);
		await page.press(']');
		await page.until('longer bars', `${query('step')}`);
		const longer = Number(await page.eval(query('step')));
		await page.until('drawn', `[...document.querySelectorAll('select')].some((s) => s.value === '${longer}')`);
		await page.press('[');
		await page.until('shorter bars', `Number(${query('step')}) < ${longer}`);
		await page.js('history.back()');
		await page.until('longer ones again', `Number(${query('step')}) === ${longer}`);
		for (const by of ['event', 'path', 'status', null]) {
			await page.until('figures', `document.querySelector('[aria-label^="By "]')`);
			await page.press('b');
			await page.until(`by ${by}`, `${query('by')} === ${JSON.stringify(by)} && document.querySelector('[aria-label="By ${by ?? 'source'}"]')`);
		}
	});
});

// Of what the client adds by itself nothing is compared; Host and Content-Length are curl's own.
const fields = (r) => r.lines.filter((l) => !/^(host|content-length|connection|transfer-encoding|creel-[\w-]+|x-forwarded-[\w-]+|forwarded|via):/i.test(l));

describe('curl commands', { skip: !hasBrowser && 'no browser here' }, () => {
	it('that are copied from the page and the report send what came, byte for byte; the chip says when the tunnel went', async () => {
		const w = new World();
		let page, app;
		try {
			app = await Receiver.start();
			const relay = await w.startRelay(), client = await w.startClient({ relay, target: app.port, name: 'shop', args: ['--web', '--web-port', '0'] });
			const url = await waitFor(() => `its address\n${client.err}`, () => /http:\/\/127\.0\.0\.1:\d+\/\?token=\w+/.exec(client.err)?.[0]);
			page = await Page.start(w, { url, base: new URL(url).origin });
			const bodies = [Buffer.from('{"a":"it\'s \\"so\\" $HOME `id`"}\n\n'), Buffer.from([0, 255, 1, 10, 13, 64, 39, 0]), Buffer.from('@/etc/hostname'), Buffer.from('a=1&b=%20'), Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7) & 255)), Buffer.alloc(0)];
			for (const [i, body] of bodies.entries()) {
				const target = `/hooks/${i}/../it's?x=[1]&y={z}&p=%2F%00`, head = [`Host: 127.0.0.1:${relay.port}`, `Content-Type: ${i % 2 ? 'application/octet-stream' : 'application/json'}`, 'X-Odd: it\'s "q" $HOME `id` \\n @f', 'X-Twice: 1', 'x-twice: 2', `X-Body: ${i}`, `Content-Length: ${body.length}`];
				assert.equal((await send(relay.port, requestBytes('POST', `/shop${target}`, head, body))).status, 200);
				const came = await app.request((r) => r.lines.includes(`X-Body: ${i}`));
				await page.open(`/d/${i + 1}`);
				await page.until('the delivery', `document.querySelector('#detail h1')?.innerText.includes('/hooks/${i}')`);
				await page.js(`navigator.clipboard.writeText = async (t) => { window.copied = t; }; document.querySelector('#deed-copy').click(); [...document.querySelectorAll('.menu button')].find((b) => b.innerText.startsWith('As curl')).click();`);
				const command = await waitFor('the command', () => page.eval('window.copied'));
				const report = (await w.run('creel', ['report', String(i + 1)])).text, seen = new Set([came]);
				for (const [where, text] of [['page', command], ['report', decode(/<summary>As curl<\/summary><pre[^>]*>([^]*?)<\/pre>/.exec(report)[1])]]) {
					await shell(text).catch((error) => assert.fail(`${where}: ${error.message}\n${text}`));
					const again = await app.request((r) => !seen.has(r) && r.lines.includes(`X-Body: ${i}`));
					seen.add(again);
					assert.equal(again.requestLine, came.requestLine, where);
					assert.deepEqual(fields(again), fields(came), where);
					assert.deepEqual(again.body, came.body, where);
				}
			}
			relay.signal('SIGKILL');
			await page.until('the chip', `/^offline since \\d\\d:\\d\\d:\\d\\d.*trying again in [\\d.]+ s/s.test(document.querySelector('#tun').innerText.replace('▲ ', ''))`);
		} finally {
			await page?.close();
			await app?.close();
			await w.close();
		}
	});
});

/** A text of HTML as a browser shows it. */
function decode(text) {
	return text.replaceAll(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (all, n, x, name) => (n ? String.fromCodePoint(n) : x ? String.fromCodePoint(parseInt(x, 16)) : { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }[name]));
}
