// Runs only where a browser knows no modules, so it is written as such browsers read it.
document.getElementById('old').hidden = false;
