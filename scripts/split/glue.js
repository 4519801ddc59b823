
// --- The engines' second file ---------------------------------------------------------------------

let restLinked = false;
let restComing;
/** The second file of this very build: beside this one, and asked for in the same way. */
const restAddress = () => new URL(`pushpull_rest.wasm${new URL(import.meta.url).search}`, import.meta.url).href;

function linkRest(module) {
    if (restLinked) return;
    new WebAssembly.Instance(module, { first: wasm });
    wasm.$loaded.value = 1;
    restLinked = true;
}

/** Fetches what the first lesson does not need; resolves when it is there. Ask as often as you like. */
export function rest() {
    restComing ??= (async () => {
        const answer = await fetch(restAddress());
        if (!answer.ok) throw new Error(`the server answers ${answer.status} for ${restAddress()}.`);
        const module = await WebAssembly.compile(await answer.arrayBuffer());
        await __wbg_init_promise;
        linkRest(module);
    })().catch((error) => {
        restComing = undefined;
        throw error;
    });
    return restComing;
}

/** The engines stand at a function of the second file and cannot wait otherwise. */
function restNow() {
    const request = new XMLHttpRequest();
    request.open('GET', restAddress(), false);
    // A request that is waited for gives no bytes, but characters that can be made one byte each.
    request.overrideMimeType('text/plain; charset=x-user-defined');
    request.send();
    if (request.status !== 200) throw new Error(`the server answers ${request.status} for ${restAddress()}.`);
    linkRest(new WebAssembly.Module(Uint8Array.from(request.responseText, (character) => character.charCodeAt(0) & 0xff)));
}
