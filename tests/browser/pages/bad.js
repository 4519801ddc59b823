console.error('said on purpose');
setTimeout(() => { throw new Error('thrown on purpose'); });
