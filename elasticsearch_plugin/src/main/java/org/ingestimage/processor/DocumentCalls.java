package org.ingestimage.processor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

import org.elasticsearch.action.ActionListener;
import org.elasticsearch.core.Releasables;
import org.ingestimage.common.Code;
import org.ingestimage.common.Failure;
import org.ingestimage.memory.BulkResults;
import org.ingestimage.memory.ExpectedLength;
import org.ingestimage.memory.ResultShare;
import org.ingestimage.picture.TargetFields;
import org.ingestimage.service.ServiceClient;
import org.ingestimage.service.wire.PictureRequest;

/**
 * The calls for the pictures of one document, one after the other: a long list takes only as much of the queue as there
 * is room, and is not refused for its length. Only its first picture can be refused by a full queue.
 */
final class DocumentCalls {

    private final ServiceClient client;
    private final DocumentPictures pictures;
    private final BulkResults bulk;
    private final Function<PictureRequest, ExpectedLength> expected;
    private final Runnable end;
    private final List<ResultShare> shares = new ArrayList<>();
    private int next;
    private int open;
    private volatile boolean holds;
    private boolean refused;
    private boolean ended;

    /**
     * @param bulk that the document is in; null when there is none
     * @param expected length of an answer to a request
     * @param end called once, when nothing is left to ask, or the document is refused
     */
    DocumentCalls(
        ServiceClient client,
        DocumentPictures pictures,
        BulkResults bulk,
        Function<PictureRequest, ExpectedLength> expected,
        Runnable end
    ) {
        this.client = client;
        this.pictures = pictures;
        this.bulk = bulk;
        this.expected = expected;
        this.end = end;
    }

    /** Starts as many calls as there is room for, at least one; ends when all are done. */
    void advance() {
        int index = take();
        while (index >= 0) {
            call(index);
            index = take();
        }
        synchronized (this) {
            // If something is left, the thread that just ended a call is about to start the next one.
            boolean left = refused == false && next < pictures.size();
            if (open > 0 || left || ended) {
                return;
            }
            ended = true;
        }
        end.run();
    }

    /** The next picture to call for; -1 when none can be called for now. */
    private synchronized int take() {
        while (next < pictures.size() && pictures.request(next) == null) {
            next++;
        }
        boolean done = refused || next == pictures.size();
        if (done || client.hasRoom(open) == false) {
            return -1;
        }
        open++;
        return next++;
    }

    private void call(int index) {
        PictureRequest request = pictures.request(index);
        ResultShare share = new ResultShare(
            client.memory(),
            expected.apply(request),
            request.length(),
            bulk == null ? 1 : bulk.copies(),
            () -> holds || bulk != null && bulk.any() && client.memory().isSettled()
        );
        boolean letIn;
        synchronized (this) {
            letIn = shares.isEmpty() == false;
            shares.add(share);
        }
        ActionListener<Map<String, Object>> listener = ActionListener.notifyOnce(new ActionListener<>() {
            @Override
            public void onResponse(Map<String, Object> fields) {
                holds = true;
                if (pictures.leavesOutData() && fields.get(TargetFields.DATA) instanceof String data) {
                    share.leaveOut(data.length());
                }
                done(pictures.succeed(index, fields));
            }

            @Override
            public void onFailure(Exception failure) {
                done(pictures.fail(index, neverFits(failure, share)));
            }
        });
        try {
            client.process(request, share, letIn, listener);
        } catch (RuntimeException e) {
            listener.onFailure(e);
        }
    }

    private void done(boolean refusesDocument) {
        synchronized (this) {
            open--;
            refused |= refusesDocument;
        }
        advance();
        // Now that this document holds something, its pictures that wait may have to be refused.
        client.memory().freed();
    }

    /** A document that fills the memory by itself, with pictures left, would be refused whenever it is sent again. */
    private Exception neverFits(Exception failure, ResultShare share) {
        boolean full = failure instanceof Failure known && known.is(Code.RESULTS_MEMORY_FULL);
        if (full && length() >= share.longestAnswer() / 2 && taken() >= client.memory().used()) {
            return new Failure(
                Code.RESULTS_TOO_LARGE,
                "the pictures of this document come to more than [" + length() + "] bytes, which this node cannot hold at once; store fewer of "
                    + "them in one document, or smaller ones"
            );
        }
        return failure;
    }

    private synchronized long taken() {
        return shares.stream().mapToLong(ResultShare::taken).sum();
    }

    /** Bytes of the answers so far. */
    private synchronized long length() {
        return shares.stream().mapToLong(ResultShare::length).sum();
    }

    /** The document is written. It holds its results until the bulk has ended. */
    void written() {
        for (ResultShare share : shares) {
            long kept = share.handOver();
            if (bulk == null) {
                client.memory().giveBack(kept);
            } else {
                bulk.add(kept);
            }
        }
        // Not before: those that wait ask what the bulk holds.
        client.memory().freed();
    }

    /** The document is refused. Nothing of it is kept. */
    void dropped() {
        Releasables.close(shares);
    }
}
