import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.KRaftVersionRecord;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.SaslHandshakeRequestData;
import org.apache.kafka.common.message.SnapshotFooterRecord;
import org.apache.kafka.common.message.SnapshotHeaderRecord;
import org.apache.kafka.common.message.VotersRecord;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.RequestUtils;
import org.apache.kafka.common.requests.ResponseHeader;
import org.apache.kafka.common.utils.ByteBufferOutputStream;

/** Prints frames, record batches, control batches and compressed blocks as Kafka's own client writes them, in base64. */
class RecordBytes {
    public static void main(String[] args) throws Exception {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("headerVersions", headerVersions());
        out.put("frames", frames());
        out.put("batches", batches());
        out.put("blocks", blocks());
        System.out.println(new ObjectMapper().writeValueAsString(out));
    }

    /** By API key: for each version from the oldest on, the versions of the request's and the response's header. */
    static Map<String, Object> headerVersions() {
        Map<String, Object> out = new LinkedHashMap<>();
        for (ApiKeys api : ApiKeys.values()) {
            Map<String, Object> versions = new LinkedHashMap<>();
            if (api.hasValidVersion()) {
                for (short v = api.messageType.lowestSupportedVersion(); v <= api.messageType.highestSupportedVersion(true); v++) {
                    versions.put(String.valueOf(v), List.of(api.requestHeaderVersion(v), api.responseHeaderVersion(v)));
                }
                out.put(String.valueOf(api.id), versions);
            }
        }
        return out;
    }

    static Map<String, Object> frames() {
        Map<String, Object> out = new LinkedHashMap<>();
        MetadataRequestData metadata = new MetadataRequestData().setTopics(null);
        out.put("request metadata 8", request(ApiKeys.METADATA, 8, "cli\u00e9nt", metadata));
        out.put("request metadata 13", request(ApiKeys.METADATA, 13, "cli\u00e9nt", metadata));
        out.put("request saslHandshake 1", request(ApiKeys.SASL_HANDSHAKE, 1, null, new SaslHandshakeRequestData().setMechanism("PLAIN")));
        out.put("response metadata 8", response(ApiKeys.METADATA, 8, new MetadataResponseData()));
        out.put("response metadata 13", response(ApiKeys.METADATA, 13, new MetadataResponseData()));
        out.put("response apiVersions 4", response(ApiKeys.API_VERSIONS, 4, new ApiVersionsResponseData()));
        return out;
    }

    static String request(ApiKeys api, int version, String clientId, ApiMessage message) {
        RequestHeader header = new RequestHeader(api, (short) version, clientId, 77);
        return base64(RequestUtils.serialize(header.data(), header.headerVersion(), message, (short) version));
    }

    static String response(ApiKeys api, int version, ApiMessage message) {
        ResponseHeader header = new ResponseHeader(77, api.responseHeaderVersion((short) version));
        return base64(RequestUtils.serialize(header.data(), header.headerVersion(), message, (short) version));
    }

    static Map<String, Object> batches() {
        Map<String, Object> out = new LinkedHashMap<>();
        for (CompressionType type : CompressionType.values()) {
            out.put(type.name, batch(type, TimestampType.CREATE_TIME, RecordBytes::appendThree));
        }
        out.put("log append time", batch(CompressionType.NONE, TimestampType.LOG_APPEND_TIME, RecordBytes::appendThree));
        EndTransactionMarker commit = new EndTransactionMarker(ControlRecordType.COMMIT, 12);
        EndTransactionMarker abort = new EndTransactionMarker(ControlRecordType.ABORT, 13);
        out.put("commit", base64(MemoryRecords.withEndTransactionMarker(500, 1700000000000L, 6, 4242, (short) 3, commit).buffer()));
        out.put("abort", base64(MemoryRecords.withEndTransactionMarker(500, 1700000000000L, 6, 4242, (short) 3, abort).buffer()));
        LeaderChangeMessage.Voter voter = new LeaderChangeMessage.Voter().setVoterId(1);
        LeaderChangeMessage leader = new LeaderChangeMessage().setLeaderId(1).setVoters(List.of(voter)).setGrantingVoters(List.of(voter));
        out.put("leader change", base64(MemoryRecords.withLeaderChangeMessage(500, 1700000000000L, 6, room(), leader).buffer()));
        SnapshotHeaderRecord head = new SnapshotHeaderRecord().setLastContainedLogTimestamp(99);
        out.put("snapshot header", base64(MemoryRecords.withSnapshotHeaderRecord(500, 1700000000000L, 6, room(), head).buffer()));
        out.put("snapshot footer", base64(MemoryRecords.withSnapshotFooterRecord(500, 1700000000000L, 6, room(), new SnapshotFooterRecord()).buffer()));
        KRaftVersionRecord kraft = new KRaftVersionRecord().setKRaftVersion((short) 1);
        out.put("kraft version", base64(MemoryRecords.withKRaftVersionRecord(500, 1700000000000L, 6, room(), kraft).buffer()));
        VotersRecord voters = new VotersRecord().setVoters(List.of(new VotersRecord.Voter().setVoterId(1).setVoterDirectoryId(new Uuid(1, 2))));
        out.put("voters", base64(MemoryRecords.withVotersRecord(500, 1700000000000L, 6, room(), voters).buffer()));
        return out;
    }

    static void appendThree(MemoryRecordsBuilder builder) {
        builder.append(1700000000000L, "key".getBytes(), "value".getBytes(), new Header[] {
            new RecordHeader("h\u00e4", "x".getBytes()), new RecordHeader("null", null) });
        builder.append(1699999999990L, (byte[]) null, new byte[0]);
        builder.append(1700000100000L, new byte[0], null);
    }

    static String batch(CompressionType type, TimestampType timestamps, Consumer<MemoryRecordsBuilder> append) {
        MemoryRecordsBuilder builder = MemoryRecords.builder(room(), (byte) 2, Compression.of(type).build(),
            timestamps, 1000L, 1800000000000L, 4242L, (short) 3, 77, true, 6);
        append.accept(builder);
        return base64(builder.build().buffer());
    }

    static Map<String, Object> blocks() throws Exception {
        Map<String, Object> out = new LinkedHashMap<>();
        for (CompressionType type : CompressionType.values()) {
            if (type == CompressionType.NONE) continue;
            Map<String, Object> blocks = new LinkedHashMap<>();
            blocks.put("empty", compress(type, new byte[0]));
            blocks.put("lines 3", compress(type, lines(3)));
            blocks.put("lines 3000", compress(type, lines(3000)));
            blocks.put("noise 3000", compress(type, noise(3000)));
            blocks.put("zeros 200000", compress(type, new byte[200000]));
            out.put(type.name, blocks);
        }
        return out;
    }

    static byte[] lines(int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) text.append("line ").append(i).append(" of ").append(count).append(", squared ").append(i * i).append('\n');
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    static byte[] noise(int count) {
        byte[] bytes = new byte[count];
        int state = 1;
        for (int i = 0; i < count; i++) {
            state = state * 1103515245 + 12345;
            bytes[i] = (byte) (state >> 16);
        }
        return bytes;
    }

    static String compress(CompressionType type, byte[] data) throws Exception {
        ByteBufferOutputStream buffer = new ByteBufferOutputStream(1024);
        try (OutputStream stream = Compression.of(type).build().wrapForOutput(buffer, (byte) 2)) {
            stream.write(data);
        }
        buffer.buffer().flip();
        return base64(buffer.buffer());
    }

    static ByteBuffer room() {
        return ByteBuffer.allocate(10000);
    }

    static String base64(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }
}
