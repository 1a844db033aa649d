// Each kind of body as the page shows it, and those that are made to harm who looks at them.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import zlib from 'node:zlib';
import { hasBrowser } from './lib/chromium.mjs';
import { World } from './lib/harness.mjs';
import { Page } from './lib/page.mjs';
import { fill, line, startWeb } from './lib/web.mjs';

const crc = (b) => zlib.crc32(b);
function chunk(type, data) {
	const b = Buffer.concat([Buffer.from(type), data]), out = Buffer.alloc(b.length + 8);
	out.writeUInt32BE(data.length);
	b.copy(out, 4);
	out.writeUInt32BE(crc(b), b.length + 4);
	return out;
}
function png(width, height, after = '') {
	const head = Buffer.alloc(13);
	head.writeUInt32BE(width);
	head.writeUInt32BE(height, 4);
	head.set([1, 0, 0, 0, 0], 8); // one bit, grey
	const row = Math.ceil(width / 8) + 1, rows = width * height > 1e6 ? Buffer.alloc(1000) : Buffer.alloc(row * height);
	return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head), chunk('tEXt', Buffer.from(`Comment\0${after}`)), chunk('IDAT', zlib.deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}
const b64 = (text) => Buffer.from(text, 'base64'), hex = (text) => Buffer.from(text, 'hex');
const jwt = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${Buffer.from('{"sub":"cus_7"}').toString('base64url')}.c2ln`;
const parts = (...list) => `${list.map((p) => `--XX\r\n${p}\r\n`).join('')}--XX--\r\n`;
const JSON_TYPE = 'application/json';

/** Name, type, body, what is to be read, and further header fields. */
const KINDS = [
	['JSON', JSON_TYPE, '{"order":{"id":42,"paid":true}}', /"order"[^]*"id": 42,/],
	['JSON of no type', '', '[1,"two",null]', /"two",[^]*null/],
	['JSON that says form', 'application/x-www-form-urlencoded', '{"said":"form"}', /"said": "form"/],
	['JSON with doubled keys', JSON_TYPE, '{"a":1,"a":2}', /again/],
	['JSON with large numbers', JSON_TYPE, '[1e400,123456789012345678901234567890]', /1e400,[^]*123456789012345678901234567890/],
	['JSON that is cut', JSON_TYPE, '{"a":[1,', /invalid JSON, line 1 column \d/],
	['JSON lines', 'application/x-ndjson', '{"n":1}\n{"n":2}\n', /2 values[^]*"n": 2/],
	['JSON in gzip', JSON_TYPE, zlib.gzipSync('{"packed":"yes"}'), /gzip undone, whole[^]*"packed": "yes"/, [['Content-Encoding', 'gzip']]],
	['JSON in Brotli', JSON_TYPE, zlib.brotliCompressSync('{"packed":"br"}'), /br undone[^]*"packed": "br"/, [['Content-Encoding', 'br']]],
	['Brotli that becomes much more', 'text/plain', zlib.brotliCompressSync(Buffer.alloc(1 << 20, 'a')), /br undone, cut/, [['Content-Encoding', 'br']]],
	['gzip that is damaged', 'text/plain', zlib.gzipSync('word '.repeat(5000)).subarray(0, 60), /gzip undone, damaged/, [['Content-Encoding', 'gzip']]],
	['a coding that is none', JSON_TYPE, '{"plain":1}', /"plain": 1/, [['Content-Encoding', 'gzip']]],
	['a form', 'application/x-www-form-urlencoded', 'name=J%C3%B6rg+K&ids%5B%5D=1&ids%5B%5D=2', /form, 3 pairs[^]*Jörg K[^]*ids\[\]/],
	['a form with JSON in it', 'application/x-www-form-urlencoded', `payload=${encodeURIComponent('{"action":"opened"}')}`, /form, 1 pair[^]*"?action/],
	['a form of no type', '', 'token=abc&team=T1', /team[^]*T1/],
	['multipart', 'multipart/form-data; boundary=XX', parts('Content-Disposition: form-data; name="note"\r\n\r\nhello', `Content-Disposition: form-data; name="data"\r\nContent-Type: ${JSON_TYPE}\r\n\r\n{"inner":7}`), /multipart, 2 parts[^]*hello[^]*"inner": 7/],
	['multipart with an image', 'multipart/form-data; boundary=XX', Buffer.concat([Buffer.from('--XX\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'), png(16, 9), Buffer.from('\r\n--XX--\r\n')]), /a\.png[^]*PNG image, 16 x 9/],
	['multipart without a boundary', 'multipart/form-data', 'no parts', /no parts/],
	['events', 'text/event-stream', 'event: tick\ndata: {"n":1}\n\ndata: two\n\n', /2 events[^]*tick[^]*two/],
	['a token', 'application/jwt', jwt, /JWT[^]*HS256[^]*cus_7/],
	['Protocol Buffers', 'application/x-protobuf', hex('089601120774657374696e67'), /protobuf[^]*150[^]*testing/],
	['gRPC', 'application/grpc', hex('0000000003089601'), /gRPC[^]*150/],
	['XML', 'application/xml', '<order><id>42</id></order>', /XML[^]*<order>[^]*<id>\s*42/],
	['XML that is broken', 'application/xml', '<order><id>42</order>', /invalid XML, line 1/],
	['HTML', 'text/html', '<p>Hello <b>there</b>', /HTML[^]*<b>/],
	['SVG', 'image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"><circle r="4"/></svg>', /<circle/],
	['text', 'text/plain', 'first line\nsecond line', /first line[^]*second line/],
	['text in UTF-16', 'text/plain; charset=utf-16', Buffer.from('\ufeffsechzehn', 'utf16le'), /sechzehn/],
	['text in Shift_JIS', 'text/plain; charset=shift_jis', hex('93fa967b8cea'), /日本語/],
	['text in Latin-1', 'text/plain; charset=iso-8859-1', Buffer.from('caf\xe9', 'latin1'), /café/],
	['YAML', 'application/yaml', 'kind: Event\nitems:\n  - a\n', /kind: Event/],
	['bytes', 'application/octet-stream', hex('00010203fffefdfc'), /00 01 02 03\s+ff fe fd fc/i],
	['nothing', 'text/plain', '', /No body/],
];
const IMAGES = [
	['PNG', png(16, 9), 16],
	['GIF', b64('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'), 1],
	['BMP', hex('424d3a0000000000000036000000280000000100000001000000010018000000000004000000130b0000130b00000000000000000000ff000000'), 1],
	['WebP', b64('UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=='), 1],
	['AVIF', b64('AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAADybWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAGxpYmF2aWYAAAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABGgAAAB0AAAAoaWluZgAAAAAAAQAAABppbmZlAgAAAAABAABhdjAxQ29sb3IAAAAAamlwcnAAAABLaXBjbwAAABRpc3BlAAAAAAAAAAIAAAACAAAAEHBpeGkAAAAAAwgICAAAAAxhdjFDgQ0MAAAAABNjb2xybmNseAACAAIAAYAAAAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAACVtZGF0EgAKCBgANogQEAwgMg8f8D///8WfhwB8+ErK42A='), 2],
];
// What says of itself that it has more than 40 megapixels, in each form, or does not say how many.
const TOO_LARGE = [
	['PNG', png(10_000, 10_000)],
	['GIF', hex('474946383961ffffffff800000000000ffffff2c00000000ffffffff00020144003b')],
	['JPEG', hex('ffd8ffe000044a46ffc00011080fff9fff03012200021101031101ffd9'.replace('0fff9fff', 'ffdcffdc'))],
	['BMP', hex('424d3a000000000000003600000028000000204e0000204e00000100180000000000')],
	['WebP', hex('524946461a000000574542505650385c0a00000000000000'.replace('5650385c', '56503858') + 'ffff00ffff00')],
	['AVIF', Buffer.concat([hex('000000146674797061766966000000006d696631'), hex('00000014697370650000000000004e2000004e20')])],
	['JPEG', hex('ffd8ffe000044a46')],
];
const HOSTILE = [
	['a bomb of gzip', JSON_TYPE, zlib.gzipSync(Buffer.alloc(100 << 20, '[')), [['Content-Encoding', 'gzip']]],
	['a bomb in a bomb', 'text/plain', zlib.gzipSync(zlib.gzipSync(Buffer.alloc(100 << 20))), [['Content-Encoding', 'gzip, gzip']]],
	['a picture that is a page', 'text/html', png(4, 4, '<script>window.hit=1</script><img src=x onerror="window.hit=1">')],
	['a page that begins as a picture', 'text/html', Buffer.from('GIF89a/*<script>window.hit=1</script>*/=1')],
	['a picture of 100 megapixels', 'image/png', png(10_000, 10_000)],
	['a million keys', JSON_TYPE, Buffer.from(`{${[...Array(1_000_000).keys()].map((n) => `"k${n}":${n}`)}}`)],
	['brackets, 100,000 deep', JSON_TYPE, Buffer.from('[').toString().repeat(100_000) + ']'.repeat(100_000)],
	['10 MB in one line', 'text/plain', Buffer.alloc(10 << 20, 'x')],
	['10 MB of JSON in one text', JSON_TYPE, `"${'y'.repeat(10 << 20)}"`],
	['parts without an end', 'multipart/form-data; boundary=X', '--X\r\n'.repeat(50_000)],
	['UTF-7', 'text/html; charset=utf-7', '+ADw-script+AD4-window.hit=1+ADw-/script+AD4-'],
	['UTF-32', 'text/html', Buffer.from('fffe00003c000000730000003e000000', 'hex')],
];

describe('bodies in the page', { skip: !hasBrowser && 'no browser here' }, () => {
	let w, web, page;
	const own = (n, [, type, body, , more]) => line(n, { body, headers: [...(type ? [['Content-Type', type]] : []), ...(more ?? [])] });
	const shown = `document.querySelector('#detail .cols')?.innerText ?? ''`;
	before(async () => {
		w = new World();
		await fill(w, [...KINDS.map((k, i) => own(i + 1, k)), ...IMAGES.map(([name, body], i) => own(100 + i, [name, `image/${name.toLowerCase()}`, body]))]);
		await fill(w, TOO_LARGE.map(([, body], i) => own(300 + i, ['', 'image/any', body])));
		for (const [i, [name, type, body, more]] of HOSTILE.entries()) await fill(w, [own(200 + i, [name, type, body, null, more])]);
		web = await startWeb(w);
		page = await Page.start(w, web);
		await page.size(1440, 900);
	});
	after(async () => {
		await page?.close();
		await w?.close();
	});
	const idOf = async (n) => (await web.json(`/api/deliveries?filter=${encodeURIComponent(`019a0000-0000-7000-8000-${String(n).padStart(12, '0')}`)}`)).deliveries[0].id;

	for (const [i, [name, , , text]] of KINDS.entries()) {
		it(`${name}`, async () => {
			await page.open(`/d/${await idOf(i + 1)}`);
			await page.until(`${name}: ${text}`, `${text}.test(${shown})`).catch(async (error) => {
				throw new Error(`${error.message}; there is ${await page.eval(shown)}`);
			});
			assert.deepEqual(await page.eval('[...faults, ...violations]'), []);
		});
	}
	for (const [i, [name, , width]] of IMAGES.entries()) {
		it(`an image, ${name}`, async () => {
			await page.open(`/d/${await idOf(100 + i)}`);
			await page.until('the picture, with its size', `document.querySelector('img.body')?.naturalWidth === ${width} && /${name} image, ${width} x/.test(${shown})`);
		});
	}
	it('a picture of more than 40 megapixels is shown as bytes', async () => {
		for (const [i, [name]] of TOO_LARGE.entries()) {
			const id = await idOf(300 + i);
			assert.equal((await web.call(`/api/deliveries/${id}/request/body?view=image`)).status, 415, name);
			await page.open(`/d/${id}`);
			await page.until(`the bytes of ${name}`, `document.querySelector('#detail .hex .l') && !document.querySelector('img.body')`);
		}
	});
	for (const [i, [name]] of HOSTILE.entries()) {
		it(`${name} neither runs nor hangs the page`, async () => {
			const id = await idOf(200 + i);
			for (const query of ['', '?view=raw', '?view=hex']) {
				await page.open(`/d/${id}${query}`);
				await page.until('the delivery', `document.querySelector('#detail h1')?.innerText.includes('#${id}') && !!document.querySelector('#detail :is(.tree .l, img.body)')`);
				// Alive: what one asks for within a second is there.
				const from = Date.now();
				await page.eval(`new Promise((done) => requestAnimationFrame(() => setTimeout(done)))`);
				assert.ok(Date.now() - from < 5000, `${query}: ${Date.now() - from} ms`);
				assert.equal(await page.eval('String(window.hit)'), 'undefined');
				assert.deepEqual(await page.eval('[...faults, ...violations]'), [], query);
				assert.ok(await page.eval(`document.querySelectorAll('#detail *').length`) < 30_000, 'nodes');
			}
			assert.deepEqual((await web.json('/api/count')).done, true, 'and creel goes on');
		});
	}

	it('bytes: what is chosen is marked in both columns, and copied as what it began in', async () => {
		await page.open(`/d/${await idOf(KINDS.findIndex(([name]) => name === 'text') + 1)}?view=hex`);
		await page.until('bytes', `document.querySelector('.hex .l')`);
		const marked = `[...CSS.highlights.get('bytes')].map((r) => r.startContainer.data.slice(r.startOffset, r.endOffset))`;
		const at = (cell, row, letter) => page.js(`const t = document.querySelectorAll('.hex .l')[${row}].querySelector('${cell}').firstChild, r = document.createRange(); r.setStart(t, ${letter}); r.setEnd(t, ${letter} + 1); const b = r.getBoundingClientRect(); return { x: b.x + b.width / 2, y: b.y + b.height / 2 };`);
		const mouse = (type, point, buttons) => page.b.say('Input.dispatchMouseEvent', { type, ...point, button: buttons ? 'left' : 'none', buttons, clickCount: type === 'mouseMoved' ? 0 : 1 });
		const drag = async (from, to) => {
			await page.js(`document.querySelector('.hex').scrollIntoView()`);
			const [a, z] = [await at(...from), await at(...to)];
			await mouse('mousePressed', a, 1);
			await mouse('mouseMoved', { x: (a.x + z.x) / 2, y: (a.y + z.y) / 2 }, 1);
			await mouse('mouseMoved', z, 1);
			await page.b.say('Input.dispatchMouseEvent', { type: 'mouseReleased', ...z, button: 'left', buttons: 0, clickCount: 1 });
		};
		const copied = () => page.js(`const d = new DataTransfer(); document.querySelector('.hex').dispatchEvent(new ClipboardEvent('copy', { clipboardData: d, bubbles: true, cancelable: true })); return d.getData('text/plain');`);
		await drag(['.ht', 0, 0], ['.ht', 0, 4]);
		assert.deepEqual(await page.eval(marked), ['66 69 72 73  74', 'first']);
		assert.equal(await copied(), 'first');
		await drag(['.hb', 0, 3], ['.hb', 0, 7]);
		assert.deepEqual(await page.eval(marked), ['69 72', 'ir']);
		assert.equal(await copied(), '69 72');
		await page.until('the byte in the address', `location.search === '?view=hex&line=1'`);
		// From the bytes over into the text, and back over what it began with.
		await drag(['.hb', 0, 0], ['.ht', 0, 4]);
		assert.equal(await copied(), '66 69 72 73 74');
		await drag(['.ht', 0, 2], ['.ht', 0, 0]);
		assert.equal(await copied(), 'fir');
		await drag(['.hb', 0, 3], ['.hb', 0, 7]);
		await mouse('mouseMoved', await at('.ht', 0, 4), 0);
		assert.deepEqual(await page.eval(marked), ['69 72', 'ir'], 'what is chosen stays so while one points elsewhere');
		await page.press('ArrowRight');
		await page.press('ArrowRight', { shiftKey: true });
		assert.deepEqual(await page.eval(marked), ['73  74', 'st']);
		await page.js(`window.prompt = () => '0xf'`);
		await page.press('o');
		assert.deepEqual(await page.eval(marked), ['6e', 'n']);
	});
});
