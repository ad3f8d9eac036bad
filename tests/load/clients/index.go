// go run . ADDRESS FOLDER default|careful: every picture of a folder, by the BulkIndexer of go-elasticsearch.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/elastic/go-elasticsearch/v9"
	"github.com/elastic/go-elasticsearch/v9/esutil"
)

func main() {
	address, folder, how := os.Args[1], os.Args[2], os.Args[3]
	client, err := elasticsearch.NewClient(elasticsearch.Config{Addresses: []string{address}})
	check(err)
	names, err := filepath.Glob(filepath.Join(folder, "*"))
	check(err)
	refused := index(client, how, names)
	// BulkIndexer repeats no item: whoever is careful sends again what was refused with 429 and 503.
	for try := 0; how == "careful" && len(refused) > 0 && try < 20; try++ {
		time.Sleep(2 * time.Second)
		refused = index(client, how, refused)
	}
	fmt.Println(len(refused))
}

func index(client *elasticsearch.Client, how string, names []string) []string {
	config := esutil.BulkIndexerConfig{Client: client, Index: "go-" + how}
	if how == "careful" {
		config.NumWorkers, config.FlushBytes = 2, 4_000_000
	}
	indexer, err := esutil.NewBulkIndexer(config)
	check(err)
	var lock sync.Mutex
	var refused []string
	for _, name := range names {
		data, err := os.ReadFile(name)
		check(err)
		body, err := json.Marshal(map[string]any{"image": map[string]any{"data": data}})
		check(err)
		check(indexer.Add(context.Background(), esutil.BulkIndexerItem{
			Action:     "index",
			DocumentID: filepath.Base(name),
			Body:       bytes.NewReader(body),
			OnFailure: func(_ context.Context, _ esutil.BulkIndexerItem, answer esutil.BulkIndexerResponseItem, err error) {
				if err != nil || answer.Status == 429 || answer.Status == 503 {
					lock.Lock()
					refused = append(refused, name)
					lock.Unlock()
				}
			},
		}))
	}
	check(indexer.Close(context.Background()))
	return refused
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
