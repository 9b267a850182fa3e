// Package metrics is what Prometheus is told of the daemon. Most of it is read,
// when somebody asks, from what the rooms count anyway; what happened to single
// messages, requests and runs is told to a Metrics as it happens.
//
// Names of scripts, users and modules are no labels: there may be any number of
// them. What is known of single runs stands in their records.
package metrics

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"domovoi.dev/sdk/slnet"
)

// Metrics keeps the metrics of a daemon. Its methods may be called from several
// goroutines.
type Metrics struct {
	registry *prometheus.Registry
	figures  func(context.Context) (Figures, error)
	families []family
	messages map[string]*message

	mu      sync.Mutex
	current Figures // guarded by mu: what is being collected

	messageSeconds *prometheus.HistogramVec
	messageErrors  *prometheus.CounterVec
	httpRequests   *prometheus.CounterVec
	httpSeconds    *prometheus.HistogramVec
	runs           *prometheus.CounterVec
	runSeconds     prometheus.Histogram
	runWait        prometheus.Histogram
	runCPU         prometheus.Counter

	runsEnded, runsFailed atomic.Int64
}

// message is what is kept of one name of a message.
type message struct {
	once    sync.Once
	seconds prometheus.Observer
}

// Options say what metrics are of.
type Options struct {
	// Messages are the names of the messages there are.
	Messages []string
	// Figures returns what the rooms have counted.
	Figures func(context.Context) (Figures, error)
}

// Bounds of the buckets, in seconds: of what is answered, from 0.1 ms to 10 s, and
// of runs, from 1 ms to 15 min, which is their default timeout.
var (
	answerBuckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	runBuckets    = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900}
)

// New returns the metrics of a daemon.
func New(o Options) *Metrics {
	histogram := func(name, help string, buckets []float64) prometheus.HistogramOpts {
		return prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		figures:  o.Figures,
		families: families(),
		messages: make(map[string]*message),
		messageSeconds: prometheus.NewHistogramVec(histogram("domovoi_message_duration_seconds",
			"Time to answer a message, waiting for a run included where the message asks for that.", answerBuckets), []string{"message"}),
		messageErrors: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "domovoi_message_errors_total",
			Help: "Messages answered with an error, by its kind."}, []string{"message", "kind"}),
		httpRequests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "domovoi_http_requests_total",
			Help: "HTTP requests that were answered, by route and status; the route is empty where there is none."}, []string{"route", "code"}),
		httpSeconds: prometheus.NewHistogramVec(histogram("domovoi_http_request_duration_seconds",
			"Time to answer an HTTP request, event streams excepted.", answerBuckets), []string{"route"}),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "domovoi_runs_total",
			Help: "Runs that have ended, by the state they ended in."}, []string{"state"}),
		runSeconds: prometheus.NewHistogram(histogram("domovoi_run_duration_seconds",
			"Time from the start to the end of a run's last attempt.", runBuckets)),
		runWait: prometheus.NewHistogram(histogram("domovoi_run_wait_seconds",
			"Time from when a run was asked for to the start of its last attempt.", runBuckets)),
		runCPU: prometheus.NewCounter(prometheus.CounterOpts{Name: "domovoi_run_cpu_seconds_total",
			Help: "Processor time of runs that have ended."}),
	}
	for _, name := range o.Messages {
		m.messages[name] = new(message)
	}
	for _, state := range endStates {
		m.runs.WithLabelValues(string(state))
	}
	m.registry.MustRegister(m, m.messageSeconds, m.messageErrors, m.httpRequests, m.httpSeconds, m.runs, m.runSeconds, m.runWait, m.runCPU,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// endStates are the states in which runs end.
var endStates = []slnet.RunState{slnet.RunSucceeded, slnet.RunFailed, slnet.RunCanceled, slnet.RunTimedOut, slnet.RunLost}

// Message tells of an answered message and its error, which may be nil. A message
// that there is not leaves nothing.
func (m *Metrics) Message(name string, took time.Duration, err error) {
	known := m.messages[name]
	if known == nil {
		return
	}
	known.once.Do(func() { known.seconds = m.messageSeconds.WithLabelValues(name) })
	known.seconds.Observe(took.Seconds())
	if err != nil {
		e, _ := slnet.AsError(err)
		m.messageErrors.WithLabelValues(name, string(e.Kind)).Inc()
	}
}

// Request tells of an answered HTTP request. Its route must be one of a table.
func (m *Metrics) Request(route string, status int, took time.Duration) {
	m.httpRequests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	if !strings.HasSuffix(route, "/events") {
		m.httpSeconds.WithLabelValues(route).Observe(took.Seconds())
	}
}

// Run tells of a run that has ended.
func (m *Metrics) Run(run *slnet.Run) {
	m.runs.WithLabelValues(string(run.State)).Inc()
	m.runsEnded.Add(1)
	if run.State != slnet.RunSucceeded {
		m.runsFailed.Add(1)
	}
	if run.StartedAt.IsZero() {
		return // it never executed
	}
	m.runSeconds.Observe(run.EndedAt.Sub(run.StartedAt).Seconds())
	m.runWait.Observe(run.StartedAt.Sub(run.QueuedAt).Seconds())
	m.runCPU.Add(run.CPUTime.Seconds())
}

// Runs returns how many runs have ended, and how many of them did not succeed.
func (m *Metrics) Runs() (ended, failed int64) { return m.runsEnded.Load(), m.runsFailed.Load() }

// Text returns all metrics in the text format of Prometheus, version 0.0.4.
func (m *Metrics) Text(ctx context.Context) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var err error
	if m.current, err = m.figures(ctx); err != nil {
		return "", fmt.Errorf("the figures of the daemon: %w", err)
	}
	list, err := m.registry.Gather()
	if err != nil {
		return "", fmt.Errorf("the metrics: %w", err)
	}
	var b bytes.Buffer
	for _, family := range list {
		if _, err := expfmt.MetricFamilyToText(&b, family); err != nil {
			return "", fmt.Errorf("the metric %s: %w", family.GetName(), err)
		}
	}
	return b.String(), nil
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, f := range m.families {
		to <- f.desc
	}
}

// Collect implements prometheus.Collector. Only Text gathers, which holds mu.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	for _, f := range m.families {
		f.read(&m.current, func(value float64, labels ...string) {
			to <- prometheus.MustNewConstMetric(f.desc, f.kind, value, labels...)
		})
	}
}
