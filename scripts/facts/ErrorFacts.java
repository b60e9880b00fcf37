import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidMetadataException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.Errors;

/** Prints Kafka's protocol errors as JSON: what the client makes of each code, not its words. */
class ErrorFacts {
    public static void main(String[] args) {
        StringBuilder out = new StringBuilder();
        for (Errors error : Errors.values()) {
            ApiException exception = error.exception();
            out.append(out.length() == 0 ? "[" : ",").append(String.format(
                "{\"code\":%d,\"name\":\"%s\",\"exception\":%s,\"retriable\":%b,\"refreshesMetadata\":%b,\"authorization\":%b}",
                error.code(), error.name(),
                exception == null ? "null" : "\"" + exception.getClass().getSimpleName() + "\"",
                exception instanceof RetriableException,
                exception instanceof InvalidMetadataException,
                exception instanceof AuthorizationException));
        }
        System.out.println(out.append("]"));
    }
}
