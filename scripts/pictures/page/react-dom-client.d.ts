/** The two functions of react-dom that the page uses: its types are a package of their own. */
declare module 'react-dom/client' {
  export function createRoot(container: Element): { render(node: import('react').ReactNode): void };
}

declare module 'react-dom' {
  export function flushSync(work: () => void): void;
}

declare module '*.css';
