package lint_test

// modulePath is the module whose rooms the table lists.
const modulePath = "domovoi.dev"

// A room is a package folder and what its code may import besides the
// standard library. A path is a folder, "folder/*" for each folder in it, or
// "folder/..." for the folder and all below; the most exact one counts.
type room struct {
	path    string
	rooms   []string // packages of this module
	modules []string // packages of other modules, each with all below it
	testing bool     // is there for tests: see testRule
}

// testRule says what the table means for test code.
//
// Files ending in _test.go may import every package of this module, and the
// testLibraries beside what their room may. So pebble, yaegi and go-plugin stay
// in their rooms in tests too.
//
// A testing room is ordinary code written for tests (a conformance suite, an
// engine on an in-memory daemon). It may import what a test may, the package
// testing included. Only tests and other testing rooms may import it.
const testRule = "see testRule in internal/lint/rooms_test.go"

var testLibraries = []string{
	"github.com/anishathalye/porcupine",
	"github.com/chromedp/chromedp",
	"github.com/google/go-cmp/cmp",
	"github.com/rogpeppe/go-internal",
	"pgregory.net/rapid",
}

// onlyHere names what must not spread, however the table below is edited.
// internal/measure and internal/bench measure the bare libraries beside ours, as the floor.
var onlyHere = map[string][]string{
	"github.com/cockroachdb/pebble":  {"storage/kv/pebblekv", "internal/measure", "internal/bench"},
	"github.com/traefik/yaegi":       {"runtime/interp/..."},
	"github.com/hashicorp/go-plugin": {"plugins", "sdk/plugin", "sdk/plugin/session", "internal/bench"},
	"google.golang.org/grpc":         {"plugins", "sdk/plugin", "sdk/plugin/session", "internal/bench"},
	"google.golang.org/protobuf":     {"plugins", "sdk/plugin", "sdk/plugin/session", "internal/bench"},
	"github.com/spf13/cobra":         {"cmd/domovoi"},
}

// rooms is the table of docs/architecture.md. A new package gets its row here
// and its line there.
var rooms = []room{
	// What script authors see.
	{path: "sdk",
		rooms:   []string{"sdk/slnet", "sdk/dom"},
		modules: []string{"github.com/google/uuid"}},
	{path: "sdk/slnet",
		modules: []string{"github.com/google/uuid", "github.com/tinylib/msgp/msgp"}},
	{path: "sdk/dom",
		rooms:   []string{"sdk/slnet"},
		modules: []string{"github.com/google/uuid", "github.com/tinylib/msgp/msgp"}},
	{path: "sdk/dom/interchange", // modules in the files of the original
		rooms:   []string{"sdk/slnet", "sdk/dom"},
		modules: []string{"github.com/google/uuid"}},
	{path: "sdk/dom/filtertext",
		rooms:   []string{"sdk/dom", "sdk/slnet"},
		modules: []string{"github.com/google/uuid"}},
	{path: "sdk/dom/rows",
		rooms: []string{"sdk/dom", "sdk/slnet"}, modules: []string{"github.com/google/uuid"}}, // values of tests
	{path: "sdk/schema", // what scripts take and return
		modules: []string{"github.com/google/uuid"}},
	{path: "sdk/client",
		rooms: []string{"sdk", "sdk/slnet", "sdk/dom"}},
	{path: "sdk/plugin",
		rooms: []string{"sdk", "sdk/slnet", "sdk/dom", "sdk/schema", "sdk/plugin/session"},
		modules: []string{"github.com/google/uuid", "github.com/hashicorp/go-plugin", "github.com/hashicorp/go-hclog",
			"google.golang.org/grpc", "google.golang.org/protobuf"}},
	{path: "sdk/plugin/session", // the wire of the process boundary
		rooms:   []string{"sdk", "sdk/slnet", "sdk/dom"},
		modules: []string{"github.com/google/uuid", "github.com/hashicorp/go-plugin", "google.golang.org/grpc", "google.golang.org/protobuf"}},
	{path: "sdk/sdktest", testing: true,
		modules: []string{"github.com/google/uuid"}},

	// Storage. A store over kv knows no engine.
	{path: "storage/kv"},
	{path: "storage/kv/occ",
		rooms: []string{"storage/kv"}},
	{path: "storage/kv/memkv",
		rooms: []string{"storage/kv", "storage/kv/occ"}},
	{path: "storage/kv/pebblekv",
		rooms:   []string{"internal/bytesize", "storage/kv", "storage/kv/occ"},
		modules: []string{"github.com/cockroachdb/pebble/v2"}},
	{path: "storage/kv/overlay",
		rooms: []string{"storage/kv", "storage/kv/occ"}},
	{path: "storage/kv/kvtest", testing: true},
	{path: "storage",
		rooms:   []string{"internal/fsync", "sdk", "sdk/slnet", "sdk/dom", "storage/kv", "storage/kv/overlay"},
		modules: []string{"github.com/google/uuid", "github.com/tinylib/msgp/msgp", "github.com/klauspost/compress/zstd"}},
	{path: "storage/backup", // the file format of backups; kv for its limits
		rooms:   []string{"storage/kv"},
		modules: []string{"filippo.io/age", "github.com/klauspost/compress/zstd"}},

	// The daemon.
	{path: "runtime/security",
		rooms:   []string{"internal/fsync", "sdk", "sdk/slnet", "sdk/dom", "storage"},
		modules: []string{"github.com/google/uuid", "github.com/tinylib/msgp/msgp", "golang.org/x/crypto/argon2", "golang.org/x/sync"}},
	{path: "runtime/dommanager/composite"},
	{path: "runtime/dommanager",
		rooms:   []string{"sdk", "sdk/slnet", "sdk/dom", "storage", "runtime/security", "runtime/dommanager/composite"},
		modules: []string{"github.com/google/uuid", "golang.org/x/sync"}},
	{path: "runtime/webhook",
		rooms:   []string{"runtime/naming", "sdk", "sdk/slnet", "sdk/dom", "storage", "runtime/security"},
		modules: []string{"github.com/google/uuid", "github.com/tinylib/msgp/msgp"}},
	{path: "runtime/script", // sdk/plugin for its CompileErrors
		rooms:   []string{"sdk", "sdk/slnet", "sdk/dom", "sdk/schema", "sdk/plugin"},
		modules: []string{"golang.org/x/tools/go/gcexportdata", "github.com/google/uuid"}}, // uuid for tests: scripts import it
	{path: "runtime/script/exportdata/...", // for go generate
		rooms:   []string{"runtime/script", "runtime/script/exportdata"},
		modules: []string{"golang.org/x/tools/go/gcexportdata"}},
	{path: "runtime/interp/...", // runtime/script for what the language allows and how it is read; sdk/client and sdktest for tests of scripts
		rooms:   []string{"internal/garbage", "sdk", "sdk/slnet", "sdk/dom", "sdk/plugin", "sdk/client", "sdk/sdktest", "runtime/interp/...", "runtime/script", "runtime/script/exportdata"},
		modules: []string{"github.com/traefik/yaegi", "github.com/google/uuid", "golang.org/x/tools/go/ast/astutil", "golang.org/x/tools/go/types/typeutil"}},
	{path: "plugins",
		rooms: []string{"internal/bytesize", "sdk", "sdk/slnet", "sdk/dom", "sdk/plugin", "sdk/plugin/session", "plugins/sandbox"},
		modules: []string{"github.com/google/uuid", "github.com/hashicorp/go-plugin", "github.com/hashicorp/go-hclog",
			"google.golang.org/grpc", "google.golang.org/protobuf", "golang.org/x/sys/unix"}},
	{path: "plugins/sandbox", // psx is what go-landlock changes all threads with
		modules: []string{"github.com/landlock-lsm/go-landlock", "kernel.org/pub/linux/libs/security/libcap/psx",
			"golang.org/x/net/bpf", "golang.org/x/sys/unix"}},
	{path: "runtime/automation/cron"}, // cron expressions
	{path: "runtime/automation/schedule",
		rooms:   []string{"runtime/naming", "sdk", "sdk/slnet", "sdk/dom", "storage", "runtime/security", "runtime/automation/cron"},
		modules: []string{"github.com/google/uuid", "github.com/tinylib/msgp/msgp"}},
	{path: "runtime/automation/trigger",
		rooms:   []string{"runtime/naming", "sdk", "sdk/slnet", "sdk/dom", "storage", "runtime/security"},
		modules: []string{"github.com/google/uuid"}},
	{path: "runtime/automation/endpoint", // runtime/api for what it knows of a request
		rooms: []string{"runtime/naming", "sdk", "sdk/slnet", "sdk/dom", "sdk/schema", "storage", "runtime/security", "runtime/automation",
			"runtime/api", "runtime/pace"},
		modules: []string{"github.com/google/uuid", "github.com/tinylib/msgp/msgp"}},
	{path: "runtime/secrets",
		rooms:   []string{"sdk", "sdk/slnet", "sdk/dom", "storage", "runtime/security"},
		modules: []string{"github.com/tinylib/msgp/msgp"}},
	{path: "runtime/backups", // the daemon's folder of backups
		rooms: []string{"internal/bytesize", "internal/fsync", "sdk/slnet", "storage/backup"}},
	{path: "runtime/outbound", // requests of scripts to servers they are granted
		rooms: []string{"sdk/slnet"}},
	{path: "runtime/automation", // sdk/plugin for its CompileErrors, session for its bounds
		rooms: []string{"internal/bytesize", "internal/fsync", "runtime/naming", "sdk", "sdk/slnet", "sdk/dom", "sdk/schema", "sdk/plugin", "sdk/plugin/session", "storage", "runtime/security", "runtime/script", "plugins"},
		modules: []string{"github.com/google/uuid", "github.com/tinylib/msgp/msgp", "github.com/klauspost/compress/zstd",
			"go.yaml.in/yaml/v3", "golang.org/x/sync", "golang.org/x/time/rate"}},
	{path: "runtime/naming", // which names people can give
		rooms: []string{"sdk/slnet"}},
	{path: "runtime/pace"}, // how often things may happen
	{path: "runtime/api",
		rooms: []string{"sdk", "sdk/slnet", "sdk/dom", "runtime/pace", "runtime/openapi"},
		modules: []string{"github.com/google/uuid",
			"github.com/tinylib/msgp/msgp", // to bound the shape of a body before it is decoded
			"golang.org/x/crypto/acme"}},
	{path: "runtime/api/apitest", testing: true},
	{path: "runtime/openapi",
		modules: []string{"github.com/google/uuid"}}, // values of tests
	{path: "runtime/openapi/describe", // for go generate
		rooms: []string{"sdk", "sdk/slnet", "internal/godoc"}},
	{path: "runtime/metrics", // what Prometheus is told
		rooms:   []string{"sdk/slnet", "sdk/dom", "storage/kv/pebblekv", "plugins", "runtime/automation", "runtime/dommanager", "runtime/webhook"},
		modules: []string{"github.com/prometheus/client_golang", "github.com/prometheus/common/expfmt"}},
	{path: "console"}, // the built files of the web console
	{path: "console/typegen", // for go generate
		rooms: []string{"sdk", "sdk/slnet", "internal/godoc"}},
	{path: "runtime",
		rooms: []string{"internal/fsync", "sdk", "sdk/slnet", "sdk/dom", "sdk/dom/filtertext", "sdk/dom/interchange", "storage", "storage/backup", "storage/kv", "storage/kv/overlay", "storage/kv/pebblekv",
			"runtime/security", "runtime/backups", "runtime/secrets", "runtime/webhook", "runtime/outbound", "runtime/dommanager", "runtime/script", "runtime/automation", "runtime/automation/schedule", "runtime/automation/trigger", "runtime/automation/endpoint",
			"runtime/api", "runtime/metrics", "plugins"},
		modules: []string{"github.com/google/uuid", "github.com/klauspost/compress/zstd",
			"golang.org/x/sync", "golang.org/x/sys/unix"}},

	// What is started. The daemon's binary is also the worker's.
	{path: "cmd/domovoi",
		rooms: []string{"internal/bytesize", "internal/garbage", "sdk", "sdk/slnet", "sdk/dom", "sdk/dom/filtertext", "sdk/dom/interchange", "sdk/dom/rows", "sdk/schema", "sdk/client", "sdk/plugin",
			"console", "runtime", "runtime/api", "runtime/interp", "runtime/script", "plugins/sandbox", "internal/declaration", "internal/load", "internal/sdksource",
			"storage/kv/memkv"}, // runtime/api for the server and its certificates, memkv for the daemon of a script's tests
		modules: []string{"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/google/uuid", "github.com/pmezard/go-difflib/difflib", "go.yaml.in/yaml/v3",
			"golang.org/x/sys/unix", "golang.org/x/term"}},
	{path: "plugins/*",
		rooms: []string{"sdk", "sdk/slnet", "sdk/dom", "sdk/dom/rows", "sdk/plugin"}},
	{path: "scripts/*",
		rooms:   []string{"sdk", "sdk/slnet", "sdk/dom", "sdk/plugin"},
		modules: []string{"github.com/google/uuid"}}, // ids of counters

	{path: "internal/declaration", // runtime/script for the libraries that source imports
		rooms:   []string{"sdk/slnet", "sdk/dom", "sdk/dom/interchange", "runtime/script"},
		modules: []string{"github.com/google/uuid", "go.yaml.in/yaml/v3"}},
	{path: "internal/fsync"},
	{path: "internal/bytesize"},
	{path: "internal/garbage"},
	{path: "internal/godoc"},
	{path: "internal/sdksource"},
	{path: "internal/sdksource/pack", // for go generate
		rooms: []string{"internal/sdksource"}},
	{path: "internal/load",
		rooms: []string{"sdk", "sdk/slnet", "sdk/dom"}},

	// Not part of the product.
	{path: "internal/lint"},
	{path: "internal/daemontest", testing: true,
		modules: []string{"github.com/google/uuid"}},
	{path: "internal/scripttest", testing: true},
	{path: "internal/built", testing: true},
	{path: "internal/leak", testing: true},
	{path: "internal/stress", testing: true,
		modules: []string{"github.com/google/uuid"}},
	{path: "internal/reference"}, // only tests, which write pages of docs
	{path: "internal/demo",
		rooms: []string{"sdk", "sdk/slnet", "sdk/dom", "sdk/client"}},
	{path: "internal/measure", testing: true, // how bench and internal/bench measure
		modules: []string{"github.com/cockroachdb/pebble/v2"}},
	{path: "internal/bench", testing: true,
		modules: []string{"github.com/cockroachdb/pebble/v2", "github.com/hashicorp/go-plugin", "github.com/hashicorp/go-hclog",
			"google.golang.org/grpc", "google.golang.org/protobuf"}},
}
