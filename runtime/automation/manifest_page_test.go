package automation

import (
	"os"
	"strings"
	"testing"
)

// TestManifestPage reads the manifest that docs/manifest.md shows.
func TestManifestPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/manifest.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "```yaml\n")
	text, _, _ := strings.Cut(after, "```\n")
	m, err := parseManifest(text)
	if err != nil {
		t.Fatal(err)
	}
	if m.RunAs != "robot" || len(m.Grants.Network) == 0 {
		t.Errorf("the manifest of the page is %+v", m)
	}
}
