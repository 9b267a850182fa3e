package script

import (
	"fmt"
	"slices"
	"strings"
)

// AllowedImports are the packages a script may import, sorted. They compute:
// none of them reads files, opens connections, starts processes or steps out of
// Go's memory safety. What reaches the world outside goes through the engine,
// under the identity of the run.
//
// The symbols of runtime/interp are generated from this list.
var AllowedImports = []string{
	"bufio",
	"bytes",
	"cmp",
	"container/heap",
	"container/list",
	"container/ring",
	"context",
	"crypto/hmac",
	"crypto/md5",
	"crypto/rand",
	"crypto/sha1",
	"crypto/sha256",
	"crypto/sha512",
	"crypto/subtle",
	"domovoi.dev/sdk",
	"domovoi.dev/sdk/dom",
	"domovoi.dev/sdk/slnet",
	"encoding",
	"encoding/base32",
	"encoding/base64",
	"encoding/binary",
	"encoding/csv",
	"encoding/hex",
	"encoding/json",
	"encoding/xml",
	"errors",
	"fmt",
	"github.com/google/uuid",
	"hash",
	"hash/adler32",
	"hash/crc32",
	"hash/crc64",
	"hash/fnv",
	"hash/maphash",
	"html",
	"io",
	"log/slog",
	"maps",
	"math",
	"math/big",
	"math/bits",
	"math/cmplx",
	"math/rand",
	"math/rand/v2",
	"net/netip",
	"net/url",
	"path",
	"regexp",
	"slices",
	"sort",
	"strconv",
	"strings",
	"sync",
	"sync/atomic",
	"text/tabwriter",
	"text/template",
	"time",
	"unicode",
	"unicode/utf16",
	"unicode/utf8",
}

// instead says what to do without a package that people reach for.
var instead = map[string]string{
	"domovoi.dev/sdk/client": "the engine is the script's connection",
	"domovoi.dev/sdk/plugin": "the entry points are found by name; a plugin binary calls plugin.Serve in its func main, see plugins/hello",
	"html/template":          "use text/template with its html function",
	"io/ioutil":              "use io",
	"iter":                   "iterators need a plugin binary; return a slice",
	"log":                    "use engine.Log",
	"net/http":               "scripts open no connections; a plugin binary may",
	"os":                     "a script has no files and no environment; use parameters and script output",
	"path/filepath":          "use path",
	"unsafe":                 "a script stays within Go's memory safety",
}

// importable reports whether a script may import the package, and when it may
// not, says what to do.
func (c *checker) importable(path string) (refusal string) {
	if IsLibrary(path) {
		if wrong := CheckLibraryName(path); wrong != "" {
			return fmt.Sprintf("%q is no name for a library: %s", path, wrong)
		}
		if _, ok := c.imports[path]; !ok {
			return fmt.Sprintf("there is no library %q that this script may use", path)
		}
		return ""
	}
	if _, ok := slices.BinarySearch(AllowedImports, path); ok {
		return ""
	}
	refusal = fmt.Sprintf("package %q is not available to scripts", path)
	if hint, ok := instead[path]; ok {
		return refusal + ": " + hint
	}
	return refusal + "; available are " + strings.Join(AllowedImports, ", ")
}

// packageNames are the names of packages whose path does not end in it.
var packageNames = map[string]string{"math/rand/v2": "rand"}

func packageName(path string) string {
	if name, ok := packageNames[path]; ok {
		return name
	}
	return path[strings.LastIndexByte(path, '/')+1:]
}
