import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Problem } from './api/client';
import { Boundary } from './parts/Boundary';
import { router } from './routes';
import { whenSessionChanges } from './session';
import './style.css';

/** Answers younger than this are not asked for again. */
const FRESH_MS = 4_000;
const RETRIES_MAX = 2;

function mayPass(error: unknown): boolean {
  return error instanceof Problem && [0, 429, 502, 503, 504].includes(error.status);
}

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: FRESH_MS,
      retry: (count, error) => count < RETRIES_MAX && mayPass(error),
    },
  },
});

whenSessionChanges(() => client.clear());

const place = document.getElementById('root');
if (place) {
  createRoot(place).render(
    <StrictMode>
      <Boundary>
        <QueryClientProvider client={client}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </Boundary>
    </StrictMode>,
  );
}
