"""JSON in and out: fields, one module of schemas per resource, serializers.

Resources and webhooks import these modules; the schemas are also the OpenAPI description. They
check shapes, and the domain checks meanings: both answer 422. This room knows no request."""
