package client_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"testing"
	"time"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func TestMain(m *testing.M) { daemontest.Main(m) }

// exampleTB lets an example start a daemon.
type exampleTB struct {
	testing.TB
	dir     string
	cleanup []func()
}

func (tb *exampleTB) Helper()                           {}
func (tb *exampleTB) Context() context.Context          { return context.Background() }
func (tb *exampleTB) Cleanup(f func())                  { tb.cleanup = append(tb.cleanup, f) }
func (tb *exampleTB) TempDir() string                   { return tb.dir }
func (tb *exampleTB) Failed() bool                      { return false }
func (tb *exampleTB) Fatal(args ...any)                 { log.Panic(args...) }
func (tb *exampleTB) Fatalf(format string, args ...any) { log.Panicf(format, args...) }
func (tb *exampleTB) Errorf(format string, args ...any) { log.Panicf(format, args...) }

// daemon starts a daemon in memory with the module orders, and returns its address
// and a token.
func daemon() (address, token string, stop func()) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Panic(err)
	}
	tb := &exampleTB{dir: dir}
	d := daemontest.Start(tb)
	settings := dom.NewModuleSettingsHelper(d.Administrator().SendSLNetMessages).ModuleSettings
	if _, err := settings.Create(tb.Context(), &dom.ModuleSettings{ModuleID: "orders"}); err != nil {
		log.Panic(err)
	}
	return d.Listen(), d.Token(), func() {
		for i := len(tb.cleanup) - 1; i >= 0; i-- {
			tb.cleanup[i]()
		}
		os.RemoveAll(dir)
	}
}

// A program works on objects with the helper that scripts use.
func ExampleClient_SendSLNetMessages() {
	address, token, stop := daemon()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	connection, err := client.Dial(client.Options{Address: address, Token: token, RetryFor: 10 * time.Second})
	if err != nil {
		log.Panic(err)
	}
	defer connection.Close()
	helper := dom.NewDomHelper(connection.SendSLNetMessages, "orders")
	definition, err := helper.DomDefinitions.Create(ctx, dom.NewDefinition("Order"))
	if err != nil {
		log.Panic(err)
	}
	for range 3 {
		if _, err := helper.DomInstances.Create(ctx, dom.NewInstance(definition.ID)); err != nil {
			log.Panic(err)
		}
	}
	count, err := helper.DomInstances.Count(ctx, dom.InstanceExposers.DomDefinitionID.Equal(definition.ID))
	fmt.Println(count, err)
	// Output: 3 <nil>
}

// A program listens to what happens. The subscription outlives the connection: it
// connects again and resumes where it was.
func ExampleClient_Subscribe() {
	address, token, stop := daemon()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	connection, err := client.Dial(client.Options{Address: address, Token: token})
	if err != nil {
		log.Panic(err)
	}
	defer connection.Close()
	events, err := connection.Subscribe(ctx, slnet.Subscription{Events: []string{"InformationEventMessage"}})
	if err != nil {
		log.Panic(err)
	}
	defer events.Close()
	if _, err := connection.SendSLNetMessages(ctx, &slnet.GenerateInformationMessage{Text: "the shop is open"}); err != nil {
		log.Panic(err)
	}
	event, err := events.Next(ctx)
	if err != nil {
		log.Panic(err)
	}
	information := event.Message.(*slnet.InformationEventMessage)
	fmt.Printf("%s: %s\n", information.User, information.Text)
	// Output: Administrator: the shop is open
}
