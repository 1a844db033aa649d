// A TypeScript type and a value walked together: what the type demands and the value lacks, what it does not know, and what
// is of another kind. Optional members may be missing.
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const F = ts.TypeFlags;
const FILE = fileURLToPath(new URL('../__types.cts', import.meta.url));

/** `source`: TypeScript that exports each type as `type NAME`. Gives a function (name, value) → faults. */
export function typeWalker(source) {
	const options = { strict: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, skipLibCheck: true, noEmit: true, types: [] };
	const host = ts.createCompilerHost(options);
	const { getSourceFile, fileExists } = host;
	host.getSourceFile = (name, version) => (name === FILE ? ts.createSourceFile(name, source, version) : getSourceFile(name, version));
	host.fileExists = (name) => name === FILE || fileExists(name);
	const program = ts.createProgram([FILE], options, host);
	const c = program.getTypeChecker();
	const types = new Map();
	for (const node of program.getSourceFile(FILE).statements) if (ts.isTypeAliasDeclaration(node)) types.set(node.name.text, c.getTypeAtLocation(node.name));
	return (name, value) => {
		const type = types.get(name);
		// An import that is not found is `any`, which would take everything.
		if (!type || type.flags & F.Any) throw new Error(`the type ${name} is not there`);
		const faults = [];
		walk(c, type, value, '', faults, 0);
		return faults;
	};
}

const kind = (value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
const parts = (type) => (type.isUnion() ? type.types : [type]);

function fits(c, type, value) {
	const is = kind(value);
	if (type.flags & (F.Any | F.Unknown)) return true;
	if (type.flags & F.Null) return is === 'null';
	if (type.flags & (F.StringLiteral | F.NumberLiteral)) return value === type.value;
	if (type.flags & F.BooleanLiteral) return value === (c.typeToString(type) === 'true');
	if (type.flags & (F.String | F.TemplateLiteral)) return is === 'string';
	if (type.flags & F.Number) return is === 'number';
	if (type.flags & F.Boolean) return is === 'boolean';
	if (type.flags & F.Undefined) return false;
	if (c.isArrayType(type) || c.isTupleType(type)) return is === 'array';
	// JSON has no dates: they are text until a library reads them.
	return is === 'object' || (is === 'string' && c.typeToString(type) === 'Date');
}

/** How well an object is of one member of a union: by the names it has, and by literals above all. */
function likeness(c, type, value) {
	let sum = 0;
	for (const [name, member] of Object.entries(value)) {
		const property = type.getProperty(name);
		if (!property) continue;
		const all = parts(c.getTypeOfSymbol(property));
		const literals = all.filter((t) => t.flags & (F.StringLiteral | F.NumberLiteral));
		sum += 1 + (literals.some((t) => t.value === member) ? 5 : 0) - (literals.length === all.length && !literals.some((t) => t.value === member) ? 20 : 0);
	}
	return sum;
}

function walk(c, type, value, at, faults, depth) {
	const good = parts(type).filter((t) => fits(c, t, value));
	if (!good.length) return faults.push(`${at} is ${kind(value)}, not ${c.typeToString(type).slice(0, 80)}`);
	const best = kind(value) === 'object' ? good.sort((a, b) => likeness(c, b, value) - likeness(c, a, value))[0] : good[0];
	if (depth > 14 || best.flags & (F.Any | F.Unknown)) return 0;
	if (Array.isArray(value)) {
		const [element] = c.getTypeArguments(best);
		if (element) value.forEach((member, i) => walk(c, element, member, `${at}[${i}]`, faults, depth + 1));
	} else if (kind(value) === 'object') {
		const properties = best.getProperties();
		for (const p of properties) {
			const of = c.getTypeOfSymbol(p);
			if (p.name in value) walk(c, of, value[p.name], `${at}.${p.name}`, faults, depth + 1);
			else if (!(p.flags & ts.SymbolFlags.Optional) && !(of.flags & F.Any) && !of.getCallSignatures().length) faults.push(`${at}.${p.name} is missing`);
		}
		const names = new Set(properties.map((p) => p.name));
		if (names.size && !c.getIndexInfosOfType(best).length) for (const name of Object.keys(value)) if (!names.has(name)) faults.push(`${at}.${name} is extra`);
	}
	return 0;
}
