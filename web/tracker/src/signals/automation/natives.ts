import { attempt } from '../../guard';

type Realm = typeof globalThis;

interface Watched {
  owner: (realm: Realm) => object;
  names: string[];
}

/** What stealth scripts and privacy extensions replace. */
const WATCHED: Watched[] = [
  {
    owner: (realm) => realm.Navigator.prototype,
    names: [
      'webdriver',
      'plugins',
      'languages',
      'userAgent',
      'platform',
      'vendor',
      'hardwareConcurrency',
      'deviceMemory',
      'userAgentData',
    ],
  },
  { owner: (realm) => realm.HTMLCanvasElement.prototype, names: ['toDataURL', 'getContext'] },
  { owner: (realm) => realm.CanvasRenderingContext2D.prototype, names: ['getImageData'] },
  { owner: (realm) => realm.WebGLRenderingContext.prototype, names: ['getParameter'] },
  { owner: (realm) => realm.Screen.prototype, names: ['width', 'height'] },
  { owner: (realm) => realm.Permissions.prototype, names: ['query'] },
  { owner: (realm) => realm.HTMLIFrameElement.prototype, names: ['contentWindow'] },
  { owner: (realm) => realm.Function.prototype, names: ['toString'] },
];

/** The names of built-in functions of the page that a clean realm does not recognize as native. */
export function tamperedNatives(clean: Realm): string[] {
  const print = clean.Function.prototype.toString;
  const tampered: string[] = [];
  for (const { owner, names } of WATCHED) {
    const object = attempt(() => owner(window as unknown as Realm), null);
    if (!object) continue;
    for (const name of names) {
      if (!attempt(() => isNative(object, name, print), true)) tampered.push(name);
    }
  }
  // Properties set on the object itself hide the native getters behind it.
  if (Object.getOwnPropertyNames(navigator).length > 0) tampered.push('navigator');
  return tampered;
}

/** A Proxy prints as native too, but without the function's name. */
function isNative(
  object: object,
  name: string,
  print: typeof Function.prototype.toString,
): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(object, name);
  const accessor = descriptor?.get ?? descriptor?.value;
  if (!accessor) return true;
  const expected = `function${descriptor?.get ? `get${name}` : name}(){[nativecode]}`;
  return print.call(accessor).replace(/\s/g, '') === expected;
}
