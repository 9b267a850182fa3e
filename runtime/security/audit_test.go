package security_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
)

func (h *house) audit(keep time.Duration) *security.Audit {
	return security.NewAudit(h.store, keep, slog.New(slog.DiscardHandler), h.now)
}

func (h *house) records(a *security.Audit) []slnet.AuditRecord {
	h.t.Helper()
	return must(a.Read(h.ctx, &slnet.GetAuditMessage{Limit: slnet.MaxAuditRecords}))(h.t).Records
}

func refusal(user, message string) slnet.AuditRecord {
	return slnet.AuditRecord{User: user, Message: message, Outcome: slnet.AuditRefused, Reason: "NoPermission"}
}

// What is refused again within a minute is one record, stored twice at most;
// after a minute another one begins.
func TestAuditCountsWhatIsAlike(t *testing.T) {
	h := open(t)
	a := h.audit(time.Hour)
	for range 1000 {
		a.Note(refusal("ann", "X"), "", nil)
	}
	version := h.store.Version()
	for range 59 {
		if err := a.Store(h.ctx, false); err != nil {
			t.Fatal(err)
		}
		a.Note(refusal("Ann", "X"), "", nil)
		h.pass(time.Second)
	}
	if stored := h.store.Version() - version; stored != 1 {
		t.Errorf("within a minute the record was stored %d times", stored)
	}
	h.pass(time.Second)
	a.Note(refusal("ann", "X"), "", nil)
	a.Note(refusal("ann", "Y"), "", nil)
	got := h.records(a)
	if len(got) != 3 {
		t.Fatalf("got %+v", got)
	}
	counts := map[string]int64{}
	for _, r := range got {
		counts[fmt.Sprint(r.Message, r.Until.IsZero())] = r.Count
	}
	if counts["Xfalse"] != 1059 || counts["Xtrue"] != 1 || counts["Ytrue"] != 1 {
		t.Errorf("counts %v", counts)
	}
	if again := h.records(a); len(again) != 3 {
		t.Errorf("stored again, there are %d", len(again))
	}
}

// However many are refused, the records are bounded, and none is lost uncounted.
func TestAuditIsBounded(t *testing.T) {
	h := open(t)
	a := h.audit(time.Hour)
	const refusals = 5000
	for i := range refusals {
		record := refusal(fmt.Sprint("user ", i), "X")
		record.Detail = strings.Repeat("ü", 1000)
		a.Note(record, "", nil)
	}
	var total int64
	records := 0
	for before := ""; ; {
		page := must(a.Read(h.ctx, &slnet.GetAuditMessage{Limit: 1000, Before: before}))(t)
		for _, r := range page.Records {
			total += r.Count
			if len(r.Detail) > 500 {
				t.Fatalf("a detail of %d bytes", len(r.Detail))
			}
		}
		records += len(page.Records)
		if before = page.Next; before == "" {
			break
		}
	}
	if total != refusals || records > 2001 {
		t.Errorf("%d records count %d refusals", records, total)
	}
}

// Records go when they are older than they are kept, those of commits too.
func TestAuditIsKeptForATime(t *testing.T) {
	h := open(t)
	a := h.audit(24 * time.Hour)
	by := h.caller(slnet.AdministratorName)
	by.Message = "CreateUserMessage"
	create := func(name string) {
		t.Helper()
		must(h.CreateUser(h.ctx, by, &slnet.CreateUserMessage{Name: name}))(t)
		a.Note(refusal(name, "X"), "", nil)
		if err := a.Store(h.ctx, true); err != nil {
			t.Fatal(err)
		}
	}
	create("old")
	h.pass(23 * time.Hour)
	create("new")
	for _, c := range []struct {
		passes time.Duration
		want   int
	}{{0, 4}, {2 * time.Hour, 2}, {24 * time.Hour, 0}} {
		h.pass(c.passes)
		if err := a.Sweep(h.ctx); err != nil {
			t.Fatal(err)
		}
		if got := h.records(a); len(got) != c.want {
			t.Errorf("after %v more there are %d records, want %d", c.passes, len(got), c.want)
		}
	}
}
