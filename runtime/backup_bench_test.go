package runtime_test

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/internal/load"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/slnet"
)

// BenchmarkBackup makes a backup of 20,000 instances with all that belongs to them and restores it, beside a plain
// copy of the same bytes: written, synced, and read again. Rates are by processor
// time, which others on the machine change less than the time on the clock.
func BenchmarkBackup(b *testing.B) {
	d := daemontest.StartOn(b, b.TempDir(), daemontest.MemoryStore(b))
	admin := d.Administrator()
	module, err := load.Prepare(b.Context(), admin.SendSLNetMessages, "load")
	if err == nil {
		err = module.Fill(b.Context(), 20_000, 2, new(load.Progress))
	}
	if err != nil {
		b.Fatal(err)
	}
	var copied, made, restored time.Duration
	var bytes int64
	for b.Loop() {
		begin := processorTime(b)
		response := daemontest.Send[*slnet.BackupResponse](b, admin, &slnet.CreateBackupMessage{})
		made += processorTime(b) - begin
		bytes = response.RowBytes + response.FileBytes
		file := filepath.Join(d.Dir, runtime.BackupDir, response.Backup.Name)
		begin = processorTime(b)
		copyBytes(b, bytes)
		copied += processorTime(b) - begin
		f, err := os.Open(file)
		if err != nil {
			b.Fatal(err)
		}
		begin = processorTime(b)
		if _, err := runtime.Restore(b.Context(), f, filepath.Join(b.TempDir(), "restored"), runtime.RestoreOptions{}); err != nil {
			b.Fatal(err)
		}
		restored += processorTime(b) - begin
		f.Close()
		b.ReportMetric(float64(response.Backup.Size)/float64(bytes), "size/bytes")
	}
	rate := func(d time.Duration) float64 { return float64(bytes) * float64(b.N) / 1e6 / d.Seconds() }
	b.ReportMetric(rate(made), "backup-MB/s")
	b.ReportMetric(rate(restored), "restore-MB/s")
	b.ReportMetric(rate(copied), "copy-MB/s")
	b.ReportMetric(made.Seconds()/copied.Seconds(), "backup/copy")
	b.ReportMetric(restored.Seconds()/copied.Seconds(), "restore/copy")
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// copyBytes writes so many bytes, syncs and reads them.
func copyBytes(b *testing.B, n int64) {
	f, err := os.Create(filepath.Join(b.TempDir(), "copy"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	piece := make([]byte, 4<<10)
	for i := int64(0); i < n; i += int64(len(piece)) {
		w.Write(piece)
	}
	if w.Flush() != nil || f.Sync() != nil {
		b.Fatal("the copy failed")
	}
	f.Seek(0, io.SeekStart)
	if _, err := io.Copy(io.Discard, f); err != nil {
		b.Fatal(err)
	}
}
