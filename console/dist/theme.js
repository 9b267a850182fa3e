// Before the first paint: the theme a person has chosen, if any.
try {
	const theme = localStorage.getItem('domovoi.theme')
	if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {}
