/** A small strict XML reader for tests: throws on what is not well-formed, and answers the elements in order. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

export function parseXml(source: string): Element {
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const token = /<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  let end = 0;
  for (const match of source.matchAll(token)) {
    end = match.index + match[0].length;
    const [, closing, name, attributes, empty, text] = match;
    const top = open.at(-1)!;
    if (text !== undefined) {
      top.text += decode(text);
    } else if (closing === '/') {
      if (top.name !== name) throw new Error(`</${name}> closes <${top.name}>`);
      open.pop();
    } else {
      const parsed: Record<string, string> = {};
      for (const [, key, value] of attributes!.matchAll(/([\w:-]+)="([^"]*)"/g)) {
        if (key! in parsed) throw new Error(`attribute ${key} twice`);
        parsed[key!] = decode(value!);
      }
      const element: Element = { name: name!, attributes: parsed, children: [], text: '' };
      top.children.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  if (end !== source.length) throw new Error(`not XML at ${end}: ${source.slice(end, end + 60)}`);
  if (open.length !== 1) throw new Error(`<${open.at(-1)!.name}> is not closed`);
  if (root.children.length !== 1 || root.text.trim() !== '') throw new Error('not exactly one root element');
  return root.children[0]!;
}

function decode(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 forbids exactly these
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u.test(text))
    throw new Error('forbidden character');
  return text.replace(/&([^;\s]*);?/g, (whole, name: string) => {
    const character = entities[name];
    if (character === undefined || !whole.endsWith(';')) throw new Error(`unknown entity ${whole}`);
    return character;
  });
}

/** All elements with a class, in document order. */
export function byClass(element: Element, name: string): Element[] {
  const own = element.attributes.class?.split(' ').includes(name) ? [element] : [];
  return [...own, ...element.children.flatMap((child) => byClass(child, name))];
}

/** All text under an element. */
export function textOf(element: Element): string {
  return element.text + element.children.map(textOf).join('');
}
