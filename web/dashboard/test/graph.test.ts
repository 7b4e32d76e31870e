import { expect, test } from 'vitest';
import { edgesAmong, type GraphEdge, strongest } from '../src/lib/graph';

const edge = (place: number): GraphEdge => ({
  sourceId: `m${place}`,
  targetId: `m${place + 1}`,
  probability: 0.7,
  types: ['SAME_DEVICE'],
});

/** Everybody within four links of somebody in a chain, with the links between them. */
function chain(length: number) {
  const asked: string[] = [];
  const graphOf = async (id: string) => {
    asked.push(id);
    const at = Number(id.slice(1));
    const [from, to] = [Math.max(0, at - 4), Math.min(length - 1, at + 4)];
    const places = Array.from({ length: to - from + 1 }, (_, place) => from + place);
    return {
      nodes: places.map((place) => ({ id: `m${place}` })),
      edges: places.slice(0, -1).map(edge),
    };
  };
  return { ids: Array.from({ length }, (_, place) => `m${place}`), asked, graphOf };
}

test('a ring that is longer than a graph goes has all of its links', async () => {
  const { ids, asked, graphOf } = chain(14);
  const edges = await edgesAmong(ids, null, graphOf);
  expect(edges.map((one) => one.sourceId)).toEqual(ids.slice(0, -1));
  expect(asked).toEqual(['m0', 'm5', 'm10']);
});

test('one that a graph covers is asked for once, from its main account', async () => {
  const { ids, asked, graphOf } = chain(5);
  expect(await edgesAmong(ids, 'm2', graphOf)).toHaveLength(4);
  expect(asked).toEqual(['m2']);
});

test('links to others are left out, and asking has an end', async () => {
  const { ids, asked, graphOf } = chain(100);
  const edges = await edgesAmong(ids.slice(0, 3), null, graphOf);
  expect(edges).toHaveLength(2);
  asked.length = 0;
  await edgesAmong(ids, null, graphOf);
  expect(asked).toHaveLength(8);
});

test('of too many links the strongest are drawn', () => {
  const edges = Array.from({ length: 4_001 }, (_, place) => edge(place));
  edges[4_000] = { ...edge(4_000), probability: 0.99 };
  const drawn = strongest(edges);
  expect(drawn).toHaveLength(4_000);
  expect(drawn[0]?.probability).toBe(0.99);
});
