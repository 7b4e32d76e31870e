// The manual works without this. With it, commands can be copied and the reference can be narrowed.

for (const pre of document.querySelectorAll('.code > pre')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(pre.textContent);
      button.textContent = 'Copied';
    } catch {
      // Without a secure connection browsers refuse; what is selected can be copied by hand.
      getSelection().selectAllChildren(pre);
      button.textContent = 'Selected';
    }
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 2000);
  });
  pre.after(button);
}

const box = document.querySelector('.filter');
if (box) {
  const input = box.querySelector('input');
  const count = box.querySelector('output');
  const operations = [...document.querySelectorAll('section.operation')];
  const lines = [...document.querySelectorAll('[data-of]')];
  const groups = document.querySelectorAll('.group');

  const narrow = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = new Set();
    for (const operation of operations) {
      const text = operation.dataset.words;
      operation.hidden = !words.every((word) => text.includes(word));
      if (!operation.hidden) shown.add(operation.getAttribute('aria-labelledby'));
    }
    for (const line of lines) line.hidden = !shown.has(line.dataset.of);
    for (const group of groups) {
      group.hidden = !group.querySelector('section.operation:not([hidden]), li[data-of]:not([hidden])');
    }
    count.textContent = words.length > 0 ? `${shown.size} of ${operations.length}` : '';
  };

  box.hidden = false;
  input.addEventListener('input', narrow);
  addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input')) return;
    event.preventDefault();
    input.focus();
  });
  // Whoever follows a link to what is hidden sees everything again.
  addEventListener('hashchange', () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.closest('[hidden]')) {
      input.value = '';
      narrow();
      target.scrollIntoView();
    }
  });
  narrow();
}
