// The picture of the page in README.md, made by the real program in a real browser: node picture.mjs [--write].
// Without --write it only says whether the page can still be drawn and a picture of it is there.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Browser } from '../e2e/lib/chromium.mjs';
import { World, root, waitFor } from '../e2e/lib/harness.mjs';
import { startWeb } from '../e2e/lib/web.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
export const picture = path.join(root, '.github/page.webp');

/** A delivery beside the list, as bytes of a WebP. */
export async function draw() {
	const w = new World();
	let b;
	try {
		const file = w.path('deliveries.ndjson');
		writeFileSync(file, readFileSync(path.join(here, 'deliveries.ndjson')));
		await w.run('creel', ['import', file]);
		const web = await startWeb(w);
		b = await Browser.start(w);
		await b.say('Emulation.setDeviceMetricsOverride', { width: 1280, height: 560, deviceScaleFactor: 1, mobile: false });
		await b.say('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: 'light' }] });
		await b.visit(web.url);
		const { deliveries } = await web.json('/api/deliveries?filter=event%3Ainvoice.payment_failed');
		await b.visit(`${web.base}/d/${deliveries[0].id}`);
		await waitFor('the page', () => b.eval(`document.body.dataset.ready === '1' && !!document.querySelector('#detail [role=tree]') && !!document.querySelector('#grid .row:not([hidden])') && !document.querySelector('.new')`).catch(() => false));
		return Buffer.from((await b.say('Page.captureScreenshot', { format: 'webp', quality: 70 })).data, 'base64');
	} finally {
		await b?.close();
		await w.close();
	}
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const bytes = await draw();
	if (process.argv.includes('--write')) writeFileSync(picture, bytes);
}
