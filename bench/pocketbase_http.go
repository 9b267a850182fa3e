package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// pocketBaseHTTP is the same application over HTTP.
type pocketBaseHTTP struct {
	records string // the URL of the collection's records
	token   string
	client  *http.Client
	ids     []string
}

// sent is a record as PocketBase takes and gives it.
type sent struct {
	Sensor string  `json:"sensor"`
	Note   string  `json:"note"`
	Count  int64   `json:"count"`
	Value  float64 `json:"value"`
	At     string  `json:"at"`
}

// page is the answer to a list.
type page struct {
	Total int    `json:"totalItems"`
	Items []sent `json:"items"`
}

func (p *pocketBaseHTTP) create(ctx context.Context, r reading) error {
	body, err := json.Marshal(sent{r.sensor, r.note, r.count, r.value, r.at.Format("2006-01-02 15:04:05.000Z")})
	if err != nil {
		return err
	}
	return p.do(ctx, http.MethodPost, p.records, body, new(sent))
}

func (p *pocketBaseHTTP) read(ctx context.Context, n int) error {
	return p.do(ctx, http.MethodGet, p.records+"/"+p.ids[n], nil, new(sent))
}

func (p *pocketBaseHTTP) equal(ctx context.Context, value float64) (int, error) {
	listed, err := p.list(ctx, url.Values{
		"filter": {fmt.Sprintf("value = %v", value)}, "perPage": {fmt.Sprint(equalHits)}, "skipTotal": {"1"},
	})
	return len(listed.Items), err
}

func (p *pocketBaseHTTP) between(ctx context.Context, from, to int64) (int, error) {
	listed, err := p.list(ctx, url.Values{
		"filter": {within(from, to)}, "sort": {"count"}, "perPage": {fmt.Sprint(to - from)}, "skipTotal": {"1"},
	})
	return len(listed.Items), err
}

// all asks for one record with its id alone, and for the number of all.
func (p *pocketBaseHTTP) all(ctx context.Context) (int, error) {
	listed, err := p.list(ctx, url.Values{"perPage": {"1"}, "fields": {"id"}})
	return listed.Total, err
}

func (p *pocketBaseHTTP) countBetween(ctx context.Context, from, to int64) (int, error) {
	listed, err := p.list(ctx, url.Values{"filter": {within(from, to)}, "perPage": {"1"}, "fields": {"id"}})
	return listed.Total, err
}

func within(from, to int64) string { return fmt.Sprintf("count >= %d && count < %d", from, to) }

func (p *pocketBaseHTTP) list(ctx context.Context, query url.Values) (page, error) {
	var listed page
	err := p.do(ctx, http.MethodGet, p.records+"?"+query.Encode(), nil, &listed)
	return listed, err
}

// do sends a request and decodes the answer.
func (p *pocketBaseHTTP) do(ctx context.Context, method, address string, body []byte, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", p.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s is answered with %s: %s", method, address, response.Status, content)
	}
	return json.Unmarshal(content, answer)
}
