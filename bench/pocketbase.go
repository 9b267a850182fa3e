package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	_ "github.com/pocketbase/pocketbase/migrations" // makes the system's collections
)

// collection is the collection of the records.
const collection = "readings"

// pocketBase is an application in process. Of its collection only the fields that
// are searched by have an index.
type pocketBase struct {
	*core.BaseApp
	readings *core.Collection
	ids      []string
	closers  []func() error
}

// synced is PocketBase's own connection, but for its durability: each commit is
// synced, so that it survives a loss of power.
func synced(file string) (*dbx.DB, error) {
	const pragmas = "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=journal_size_limit(200000000)&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-32000)"
	return dbx.Open("sqlite", file+pragmas)
}

// openPocketBase opens an application on a directory, and makes the collection
// where it is not there.
func openPocketBase(dir string, connect core.DBConnectFunc) (*pocketBase, error) {
	p := &pocketBase{BaseApp: core.NewBaseApp(core.BaseAppConfig{DataDir: dir, DBConnect: connect})}
	if err := p.Bootstrap(); err != nil {
		return nil, err
	}
	if err := p.prepare(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// prepare makes the collection, with the times the dashboard gives each.
func (p *pocketBase) prepare() error {
	if err := p.RunAllMigrations(); err != nil {
		return err
	}
	have, err := p.FindCollectionByNameOrId(collection)
	if err == nil {
		p.readings = have
		return nil
	}
	p.readings = core.NewBaseCollection(collection)
	p.readings.Fields.Add(
		&core.TextField{Name: "sensor"}, &core.TextField{Name: "note"},
		&core.NumberField{Name: "count", OnlyInt: true}, &core.NumberField{Name: "value"}, &core.DateField{Name: "at"},
		&core.AutodateField{Name: "created", OnCreate: true}, &core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
	)
	p.readings.AddIndex("readings_count", false, "`count`", "")
	p.readings.AddIndex("readings_value", false, "`value`", "")
	return p.Save(p.readings)
}

// fill makes the records, many in a transaction.
func (p *pocketBase) fill(ctx context.Context, records int) error {
	const together = 1000
	for len(p.ids) < records && ctx.Err() == nil {
		err := p.RunInTransaction(func(tx core.App) error {
			for range together {
				record := p.record(readingOf(len(p.ids), records))
				if err := tx.Save(record); err != nil {
					return err
				}
				p.ids = append(p.ids, record.Id)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Close closes what was opened, and leaves the files.
func (p *pocketBase) Close() error {
	var errs []error
	for _, c := range p.closers {
		errs = append(errs, c())
	}
	return errors.Join(append(errs, p.ResetBootstrapState())...)
}

// serve puts the application behind HTTP, and returns that door with the token of
// an administrator.
func (p *pocketBase) serve() (*pocketBaseHTTP, error) {
	administrators, err := p.FindCollectionByNameOrId(core.CollectionNameSuperusers)
	if err != nil {
		return nil, err
	}
	administrator := core.NewRecord(administrators)
	administrator.SetEmail("bench@example.com")
	administrator.SetRandomPassword()
	if err := p.Save(administrator); err != nil {
		return nil, err
	}
	token, err := administrator.NewStaticAuthToken(24 * time.Hour)
	if err != nil {
		return nil, err
	}
	router, err := apis.NewRouter(p)
	if err != nil {
		return nil, err
	}
	handler, err := router.BuildMux()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: handler}
	go server.Serve(listener) // its error is that of Close
	p.closers = append(p.closers, server.Close)
	return &pocketBaseHTTP{
		records: "http://" + listener.Addr().String() + "/api/collections/" + collection + "/records",
		token:   token,
		client:  &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}},
		ids:     p.ids,
	}, nil
}

func (p *pocketBase) record(r reading) *core.Record {
	record := core.NewRecord(p.readings)
	record.Set("sensor", r.sensor)
	record.Set("note", r.note)
	record.Set("count", r.count)
	record.Set("value", r.value)
	record.Set("at", r.at)
	return record
}

// decode looks at all fields of records, which are converted on the way.
func decode(records ...*core.Record) {
	for _, record := range records {
		_ = reading{record.GetString("sensor"), record.GetString("note"), int64(record.GetInt("count")), record.GetFloat("value"), record.GetDateTime("at").Time()}
	}
}

func (p *pocketBase) create(ctx context.Context, r reading) error {
	return p.SaveWithContext(ctx, p.record(r))
}

func (p *pocketBase) read(_ context.Context, n int) error {
	record, err := p.FindRecordById(collection, p.ids[n])
	if err != nil {
		return fmt.Errorf("record %s: %w", p.ids[n], err)
	}
	decode(record)
	return nil
}

func (p *pocketBase) equal(_ context.Context, value float64) (int, error) {
	records, err := p.FindRecordsByFilter(collection, "value = {:value}", "", equalHits, 0, dbx.Params{"value": value})
	decode(records...)
	return len(records), err
}

func (p *pocketBase) between(_ context.Context, from, to int64) (int, error) {
	records, err := p.FindRecordsByFilter(collection, "count >= {:from} && count < {:to}", "count", 0, 0, dbx.Params{"from": from, "to": to})
	decode(records...)
	return len(records), err
}

func (p *pocketBase) all(context.Context) (int, error) {
	n, err := p.CountRecords(collection)
	return int(n), err
}

func (p *pocketBase) countBetween(_ context.Context, from, to int64) (int, error) {
	n, err := p.CountRecords(collection, dbx.NewExp("[[count]] >= {:from} AND [[count]] < {:to}", dbx.Params{"from": from, "to": to}))
	return int(n), err
}
